"""A network between a process and its database, that can stop handing anything over."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url


class Relay:
    """Runs in a thread of its own.

    Attributes:
        url: Of the database, through it.
        is_silent: Whether it keeps everything to itself, in both directions; connections stay open.
    """

    def __init__(self, host: str, port: int) -> None:
        self.url = ""
        self.is_silent = False
        self._target = host, port
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()

    @classmethod
    @contextmanager
    def to(cls, url: str) -> Iterator["Relay"]:
        """A relay to where a URL points, while the block runs."""
        target = make_url(url)
        relay, listening = cls(str(target.host), int(target.port or 5432)), threading.Event()
        thread = threading.Thread(target=lambda: relay._loop.run_until_complete(relay._run(target, listening)))
        thread.start()
        try:
            assert listening.wait(10)
            yield relay
        finally:
            relay._loop.call_soon_threadsafe(relay._over.set)
            thread.join()
            relay._loop.close()

    async def _run(self, target: object, listening: threading.Event) -> None:
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.add(asyncio.create_task(self._connect(reader, writer)))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = target.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)  # type: ignore[attr-defined]
        listening.set()
        await self._over.wait()
        server.close()
        for connection in connections:
            connection.cancel()
        if connections:
            await asyncio.wait(connections)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        try:
            await asyncio.gather(self._hand_over(reader, far_writer), self._hand_over(far_reader, writer))
        finally:
            far_writer.close()
            writer.close()

    async def _hand_over(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                while self.is_silent:  # noqa: ASYNC110 - set by another thread
                    await asyncio.sleep(0.05)
                target.write(data)
        except OSError:
            pass
        finally:
            target.close()
