"""The audit log in the database. There is no way to change an entry, but for what tells where a person was."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update

from app.core.audit import REFUSALS, Actor, ActorKind, AuditAction, AuditOutcome, TargetKind
from app.models import AuditEntry
from app.schemas.audit import AuditQuery, SecurityEventQuery
from lintel.context import current_client, current_request_id
from lintel.db import Database, Listing, Rows, Session
from lintel.security import Principal

MAX_DETAIL = 1_000
"""Characters of what an entry says beside its columns."""
MAX_ADDRESS = 45

_table: Any = AuditEntry.__table__
_entries = _table.c
_NOTE = insert(_table)
_FILTERS = {
    "since": _entries.created_at >= bindparam("since"),
    "until": _entries.created_at < bindparam("until"),
    **{
        name: _entries[name] == bindparam(name)
        for name in ("actor_id", "user_id", "target_kind", "target_id", "action", "outcome", "ip_address")
    },
}
_ALL = Listing(tuple(_entries), filters=_FILTERS)
_OF_USER = Listing(
    tuple(_entries),
    where=[_entries.user_id == bindparam("of_user")],
    filters=_FILTERS,
    needs={"by": ()},
    always=("actor_id", "actor_kind", "api_key_id"),
)
"""Who did it decides what else its reader is shown."""
_QUIETLY = {"synchronize_session": False}


class AuditReader:
    """Reads entries, outside of any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, query: AuditQuery) -> Rows:
        """One page of all entries."""
        return await _ALL.fetch(self._database, query.selection())

    async def page_of(self, user_id: int, query: SecurityEventQuery) -> Rows:
        """One page of what concerns one account."""
        return await _OF_USER.fetch(self._database, query.selection(), of_user=user_id)


class AuditRepository:
    """Writes entries, within the unit of work that does what they tell."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def note(
        self,
        action: AuditAction,
        *,
        by: Principal | Actor | None,
        user_id: int | None = None,
        target: tuple[TargetKind, object] | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Note what is done, in one statement. From where, and in which request, is known here.

        Args:
            action: What.
            by: Who does it; None for the service itself.
            user_id: Whose account it concerns: they can read it.
            target: What it is done to; without it the account that it concerns.
            detail: What else belongs to it, in a few words. Neither secrets nor what people wrote or are called.

        Raises:
            ValueError: The detail is too long.
        """
        actor = by if isinstance(by, Actor) else Actor.of(by)
        if len(json.dumps(detail or {})) > MAX_DETAIL:
            raise ValueError(f"the detail of {action} is too long for an entry")
        if target is None and user_id is not None:
            target = (TargetKind.USER, user_id)
        client = current_client()
        values = {
            "action": action,
            "outcome": AuditOutcome.REFUSED if action in REFUSALS else AuditOutcome.SUCCEEDED,
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "api_key_id": actor.api_key_id,
            "user_id": user_id,
            "target_kind": target[0] if target else None,
            "target_id": str(target[1]) if target else None,
            "ip_address": client.address[:MAX_ADDRESS] if client.address else None,
            "user_agent": client.user_agent,
            "request_id": current_request_id(),
            "detail": dict(detail or {}),
        }
        await self.session.execute(_NOTE, values)

    async def forget_person(self, user_id: int) -> None:
        """Take from the entries of a user what tells where they were. That something was done stays."""
        theirs = or_(
            _entries.actor_id == user_id,
            (_entries.user_id == user_id) & (_entries.actor_kind == ActorKind.ANONYMOUS),
        )
        statement = update(AuditEntry).where(theirs).values(ip_address=None, user_agent=None)
        await self.session.execute(statement, execution_options=_QUIETLY)

    async def delete_before(self, moment: datetime, *, most: int) -> int:
        """Delete the eldest of the entries that were made before a moment; how many."""
        eldest = select(_entries.id).where(_entries.created_at < moment).order_by(_entries.created_at, _entries.id)
        statement = delete(AuditEntry).where(_entries.id.in_(eldest.limit(most))).returning(_entries.id)
        return len((await self.session.execute(statement, execution_options=_QUIETLY)).all())
