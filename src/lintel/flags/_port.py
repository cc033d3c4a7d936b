"""What is on: whom to ask."""

from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from lintel.flags._flag import Flag
from lintel.security import Principal


class Flags(Protocol):
    """Knows what is on for whom. Never raises: where nobody can be asked, a flag is what it was last known to be."""

    async def is_on(self, flag: Flag, principal: Principal | None = None) -> bool:
        """Whether a flag is on for somebody, or for whoever is not known."""
        ...

    def opened(self) -> AbstractAsyncContextManager[Any]:
        """Keep up to date while the block runs."""
        ...
