"""The audit log: what was refused is noted here, what is done in the unit of work that does it."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from app.core.audit import ANONYMOUS, Actor, ActorKind, AuditAction
from app.repositories.audit import AuditReader, AuditRepository
from app.schemas.audit import AuditQuery, AuditRead, SecurityEventBy, SecurityEventQuery, SecurityEventRead
from lintel.api import Found
from lintel.context import current_client
from lintel.db import Database, Session, utc_now
from lintel.ratelimit import Policy, RateLimiter, network_of
from lintel.security import Principal

PURPOSE = b"app.audit: names that were typed, 1"
"""No other use of the same secret has the same key."""
FLOOD = Policy("audit", limit=10, window=60)
"""Of what costs its sender nothing, so many entries of a kind are made for one sender."""
DELETED_AT_ONCE = 500
"""Entries deleted in one unit of work, so that nobody waits long for it."""

_log = structlog.get_logger("app.audit")


class AuditLog:
    """Notes refusals, shows entries, and deletes old ones.

    Args:
        database: Where they are.
        secret: Makes fingerprints that others cannot compute.
        limiter: Counts refusals.
        retention: How long entries are kept.
    """

    def __init__(self, database: Database, *, secret: str, limiter: RateLimiter, retention: timedelta) -> None:
        self._database = database
        self._reader = AuditReader(database)
        self._key = hmac.digest(secret.encode(), PURPOSE, "sha256")
        self._limiter = limiter
        self._retention = retention

    async def refused(
        self,
        action: AuditAction,
        *,
        by: Principal | Actor = ANONYMOUS,
        user_id: int | None = None,
        typed: str | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Note a refusal, in a unit of work of its own: it is kept although what was asked for is not done.

        Args:
            action: What was refused.
            by: Who wanted it.
            user_id: Whose account it concerns.
            typed: What was given for the name of an account. Kept as a fingerprint, and only if the account is unknown:
                it may be somebody's address somewhere else, or a password in the wrong field.
            detail: See `AuditRepository.note`.

        Raises:
            Unavailable: The database does not answer.
        """
        told = dict(detail or {})
        if typed is not None and user_id is None:
            told["account"] = self.fingerprint(typed)

        async def work(session: Session) -> None:
            await AuditRepository(session).note(action, by=by, user_id=user_id, detail=told)

        await self._database.run(work)

    async def refused_again(self, action: AuditAction, **about: Any) -> None:
        """The same for what can be asked for without end: of what one sender is refused, ten a minute are noted."""
        by: Principal | Actor = about.get("by", ANONYMOUS)
        sender = network_of(current_client().address) if by.id is None else f"user_{by.id}"
        if (await self._limiter.hit(FLOOD, f"{action}:{sender}")).allowed:
            await self.refused(action, **about)

    def fingerprint(self, typed: str) -> str:
        """By which two attempts on one unknown account are known for such, and nothing else is."""
        return hmac.digest(self._key, typed.encode("utf-8", "replace"), hashlib.sha256).hex()[:32]

    async def list_entries(self, query: AuditQuery) -> Found[AuditRead]:
        """One page of all entries, and how many there are."""
        found = await self._reader.page(query)
        return Found.of(AuditRead, found, query)

    async def list_events(self, principal: Principal, query: SecurityEventQuery) -> Found[SecurityEventRead]:
        """One page of what concerns the principal's account. Where administrators are is not told."""
        found = await self._reader.page_of(principal.id, query)
        events = replace(found, rows=[_as_event(row, principal) for row in found.rows])
        return Found.of(SecurityEventRead, events, query)

    async def delete_old(self) -> int:
        """Delete the entries that are older than they are kept; how many there were."""
        before, total = utc_now() - self._retention, 0

        async def work(session: Session) -> int:
            return await AuditRepository(session).delete_before(before, most=DELETED_AT_ONCE)

        while deleted := await self._database.run(work):
            total += deleted
        _log.info("old entries deleted", deleted=total)
        return total


def _as_event(row: Mapping[str, Any], principal: Principal) -> dict[str, Any]:
    by = _who(row, principal)
    hidden = {"ip_address": None, "user_agent": None} if by is SecurityEventBy.ADMINISTRATOR else {}
    return {**row, "by": by, **hidden}


def _who(row: Mapping[str, Any], principal: Principal) -> SecurityEventBy:
    if row["actor_id"] == principal.id:
        return SecurityEventBy.YOU if row["api_key_id"] is None else SecurityEventBy.YOUR_API_KEY
    if row["actor_kind"] is ActorKind.ANONYMOUS:
        return SecurityEventBy.SOMEBODY
    return SecurityEventBy.SERVICE if row["actor_kind"] is ActorKind.SYSTEM else SecurityEventBy.ADMINISTRATOR
