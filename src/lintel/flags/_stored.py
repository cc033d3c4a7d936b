"""Flags from the environment and a table, looked up in memory."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from lintel.db import Database
from lintel.errors import ServiceError
from lintel.flags._flag import Flag, Rule
from lintel.flags._table import FlagMixin
from lintel.security import Principal

CHANGED = "flags"
"""What a unit of work that writes rules notes with `lintel.db.note_changed`."""
REFRESH = 5.0
"""Seconds after which a change made by another process is known at the latest, and one statement of each process."""

_log = structlog.get_logger("lintel.flags")


class StoredFlags:
    """What the environment says, else what the table says, else the default.

    The table is read as a whole every few seconds, and at once after a change made in this process; no question waits
    for it. While it cannot be read, what was last read holds.

    Args:
        database: Where the table is.
        table: The service's own, made of `FlagMixin`.
        declared: Every flag there is; rows of others are ignored.
        overrides: What the environment says, by name.
        refresh: Seconds between two readings.
    """

    def __init__(
        self,
        database: Database,
        table: type[FlagMixin],
        *,
        declared: Collection[Flag],
        overrides: Mapping[str, bool],
        refresh: float = REFRESH,
    ) -> None:
        self._database = database
        self._rows = select(table.name, table.enabled, table.percentage, table.user_ids, table.roles)
        self._declared = {flag.name: flag for flag in declared}
        self._overrides = dict(overrides)
        self._refresh_seconds = refresh
        self._rules: dict[str, Rule] = {}
        self._unknown: set[str] = set()
        self._is_stale = False
        self._reading = asyncio.Lock()
        database.on_changed(self._hear)

    @property
    def declared(self) -> Mapping[str, Flag]:
        """Every flag there is, by name."""
        return self._declared

    def override_of(self, flag: Flag) -> bool | None:
        """What the environment says; None where it says nothing."""
        return self._overrides.get(flag.name)

    def evaluate(self, flag: Flag, principal: Principal | None = None) -> bool:
        """Whether a flag is on, without waiting."""
        override = self._overrides.get(flag.name)
        if override is not None:
            return override
        rule = self._rules.get(flag.name)
        return flag.default if rule is None else rule.applies_to(flag, principal)

    async def is_on(self, flag: Flag, principal: Principal | None = None) -> bool:
        """See `Flags.is_on`; never waits."""
        return self.evaluate(flag, principal)

    async def refresh(self) -> None:
        """Read the table now, if it can be read."""
        async with self._reading:  # else a reading that began earlier could come later
            try:
                rows = await self._database.fetch_all(self._rows, current=True)
                rules = {row["name"]: _rule(row) for row in rows if row["name"] in self._declared}
            except (ServiceError, SQLAlchemyError, TypeError) as error:  # the last: somebody else wrote a row
                if not self._is_stale:
                    self._is_stale = True
                    _log.error("flags stay as they were last read", error=type(error).__name__)
                return
            self._is_stale = False
            self._warn_of({*(row["name"] for row in rows), *self._overrides})
            self._rules = rules

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Reads the table, and again every few seconds while the block runs."""
        await self.refresh()
        task = asyncio.create_task(self._keep_refreshing())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep_refreshing(self) -> None:
        while True:
            await asyncio.sleep(self._refresh_seconds)
            await self.refresh()

    async def _hear(self, names: Collection[str]) -> None:
        if CHANGED in names:
            await self.refresh()

    def _warn_of(self, names: set[str]) -> None:
        unknown = names - self._declared.keys() - self._unknown
        if unknown:
            self._unknown |= unknown
            _log.warning("flags that nobody declared are ignored", flags=sorted(unknown))


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(row["enabled"], row["percentage"], frozenset(row["user_ids"]), frozenset(row["roles"]))
