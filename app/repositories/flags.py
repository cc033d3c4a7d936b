"""Rules of flags in the database."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from app.models import FeatureFlag
from lintel.db import Database, Session, note_changed
from lintel.flags import CHANGED

_flags = FeatureFlag.__table__.c
_BY_NAME = select(_flags.enabled, _flags.percentage, _flags.user_ids, _flags.roles, _flags.updated_at).where(
    _flags.name == bindparam("name")
)


class FlagReader:
    """Reads rules, outside of any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> dict[str, Any] | None:
        """The rule of a flag, if there is one."""
        return await self._database.fetch_one(_BY_NAME, {"name": name})


class FlagRepository:
    """Writes rules, within a unit of work."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, name: str, rule: Mapping[str, Any]) -> FeatureFlag:
        """Make or replace the rule of a flag."""
        note_changed(self._session, CHANGED)
        row = await self._session.get(FeatureFlag, name, with_for_update=True)
        if row is None:
            row = FeatureFlag(name=name)
            self._session.add(row)
        for column, value in rule.items():
            setattr(row, column, value)
        await self._session.flush()
        return row

    async def remove(self, name: str) -> bool:
        """Delete the rule of a flag; False when there is none."""
        row = await self._session.get(FeatureFlag, name, with_for_update=True)
        if row is None:
            return False
        note_changed(self._session, CHANGED)
        await self._session.delete(row)
        await self._session.flush()
        return True
