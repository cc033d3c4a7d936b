"""What is on, and who says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog

from app.core.audit import AuditAction, TargetKind
from app.core.exceptions import FlagNotFound, FlagsDecidedElsewhere
from app.repositories.audit import AuditRepository
from app.repositories.flags import FlagReader, FlagRepository
from app.schemas.flags import FlagRead, FlagRule, FlagRuleWrite, FlagState, FlagStates
from lintel.db import Database, Session
from lintel.flags import Flag, Flags, StoredFlags
from lintel.security import Principal

_log = structlog.get_logger("app.flags")


class FlagService:
    """Tells users what is on for them, and lets administrators say what is.

    Args:
        database: Where rules are kept.
        flags: Who is asked.
        stored: Our own rules.
    """

    def __init__(self, database: Database, flags: Flags, stored: StoredFlags) -> None:
        self._database = database
        self._reader = FlagReader(database)
        self._flags = flags
        self._stored = stored

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keep up to date while the block runs."""
        async with self._flags.opened():
            yield

    async def list_flags(self, principal: Principal) -> FlagStates:
        """Every flag as it is for the principal."""
        return FlagStates(
            items=[
                FlagState(name=flag.name, description=flag.description, on=await self._flags.is_on(flag, principal))
                for flag in self._stored.declared.values()
            ]
        )

    async def get_flag(self, name: str) -> FlagRead:
        """A flag and what decides about it.

        Raises:
            FlagNotFound: There is none of this name.
        """
        flag = self._declared(name)
        return self._read(flag, await self._reader.get(name))

    async def set_rule(self, principal: Principal, name: str, rule: FlagRuleWrite) -> FlagRead:
        """The flag after its rule was made or replaced.

        Raises:
            FlagNotFound: There is none of this name.
            FlagsDecidedElsewhere: A vendor's provider is asked instead.
        """
        self._check_decided_here()
        flag, values = self._declared(name), rule.model_dump(mode="json")

        async def work(session: Session) -> dict[str, Any]:
            row = await FlagRepository(session).put(name, values)
            told = {"enabled": rule.enabled, "percentage": rule.percentage}
            target = (TargetKind.FLAG, name)
            await AuditRepository(session).note(AuditAction.FLAG_CHANGED, by=principal, target=target, detail=told)
            return {**values, "updated_at": row.updated_at}

        kept = await self._database.run(work)
        _log.info("flag changed", flag=name, by=principal.id, enabled=rule.enabled, percentage=rule.percentage)
        return self._read(flag, kept)

    async def delete_rule(self, principal: Principal, name: str) -> None:
        """The flag is at its default again.

        Raises:
            FlagNotFound: There is none of this name, or no rule for it.
            FlagsDecidedElsewhere: A vendor's provider is asked instead.
        """
        self._check_decided_here()
        self._declared(name)

        async def work(session: Session) -> bool:
            removed = await FlagRepository(session).remove(name)
            if removed:
                target = (TargetKind.FLAG, name)
                await AuditRepository(session).note(AuditAction.FLAG_RESET, by=principal, target=target)
            return removed

        if not await self._database.run(work):
            raise FlagNotFound
        _log.info("flag reset", flag=name, by=principal.id)

    def _check_decided_here(self) -> None:
        if self._flags is not self._stored:
            raise FlagsDecidedElsewhere

    def _declared(self, name: str) -> Flag:
        flag = self._stored.declared.get(name)
        if flag is None:
            raise FlagNotFound
        return flag

    def _read(self, flag: Flag, rule: dict[str, Any] | None) -> FlagRead:
        return FlagRead(
            name=flag.name,
            description=flag.description,
            default=flag.default,
            environment=self._stored.override_of(flag),
            rule=None if rule is None else FlagRule.model_validate(rule),
        )
