"""Servers that say nothing, and what stands between a client and its server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url


@asynccontextmanager
async def mute_server() -> AsyncIterator[int]:
    """Accepts connections and never answers."""
    over = asyncio.Event()

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        over.set()


class Relay:
    """Stands between a client and its server, and can stop handing over what the server says."""

    def __init__(self, host: str, port: int) -> None:
        self.url = ""
        self.is_silent = False
        self._is_away = False
        self._host, self._port = host, port
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator["Relay"]:
        target = make_url(url)
        relay = cls(str(target.host), int(target.port or 5432))
        server = await asyncio.start_server(relay._accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        relay.url = target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
        try:
            yield relay
        finally:
            server.close()
            for writer in relay._writers:
                writer.close()
            await asyncio.gather(*relay._tasks)

    def go_away(self) -> None:
        """Close every connection, and each new one at once."""
        self._is_away = True
        for writer in self._writers:
            writer.transport.abort()

    def come_back(self) -> None:
        self._is_away = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_away:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        self._writers += [writer, far_writer]
        for source, target, is_answer in [(reader, far_writer, False), (far_reader, writer, True)]:
            task = asyncio.create_task(self._hand_over(source, target, is_answer=is_answer))
            self._tasks.add(task)

    async def _hand_over(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool) -> None:
        try:
            while data := await source.read(65_536):
                if not (is_answer and self.is_silent):
                    target.write(data)
        except OSError:
            pass
        target.close()
