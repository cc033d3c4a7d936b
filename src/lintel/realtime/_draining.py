"""The end of a service, as those see it who would otherwise never end."""

import asyncio


class Draining:
    """Begun when a server has stopped to take connections and waits for the open ones.

    The server's own shutdown comes too late for this: it begins when all connections are closed.
    """

    def __init__(self) -> None:
        self._has_begun = False
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def has_begun(self) -> bool:
        """Whether streams are to end."""
        return self._has_begun

    def begin(self) -> None:
        """End all streams; called in the event loop, any number of times."""
        self._has_begun = True
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self) -> None:
        """Wait until streams are to end."""
        if self._has_begun:
            return
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)
