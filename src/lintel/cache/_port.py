"""Where cached values lie: what every store must do."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class StoreUnavailable(Exception):
    """The store cannot be reached. Says nothing more: a driver's text may name a host or a password."""


class CacheStore(Protocol):
    """Keeps short texts for a while, and may forget each of them at any time.

    Every method raises `StoreUnavailable` when the store does not answer. What lies under a key and is no text is None.
    """

    async def get_many(self, keys: Sequence[str]) -> list[str | None]:
        """The text under each key, as they all were at one moment; None where there is none."""
        ...

    async def set(self, key: str, text: str, *, ttl: float) -> None:
        """Keep a text for so many seconds."""
        ...

    async def add(self, key: str, text: str, *, ttl: float) -> bool:
        """Keep a text unless there is one; whether there was none. Of several at once one succeeds."""
        ...

    async def remove(self, key: str, text: str) -> None:
        """Forget a text, if it is still this one."""
        ...

    async def delete(self, keys: Collection[str]) -> None:
        """Forget whatever is there."""
        ...

    async def renew(self, keys: Collection[str]) -> None:
        """Put a new generation under each key; see `new_generation`."""
        ...

    def opened(self) -> AbstractAsyncContextManager[Any]:
        """Keep connections while the block runs."""
        ...
