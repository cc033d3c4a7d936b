"""Knowing who is asking."""

import time
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from app.core.enums import UserRole, UserStatus
from app.core.exceptions import InactiveUser
from app.core.permissions import ROLE_PERMISSIONS
from app.repositories.sessions import SessionReader
from app.repositories.users import UserReader
from lintel.context import add_to_log
from lintel.db import Database
from lintel.errors import Unauthenticated
from lintel.security import Access, InvalidToken, Principal, TokenSigner

MAX_KNOWN = 1_000
"""Of the staff, whose rank is remembered."""


class AuthService:
    """Exchanges access tokens for principals, as they are at this moment."""

    def __init__(self, database: Database, tokens: TokenSigner) -> None:
        self._users = UserReader(database)
        self._sessions = SessionReader(database)
        self._tokens = tokens
        # Nobody is let in by it: it tells whose share of requests is another one.
        self._staff: dict[int | None, None] = {}

    async def authenticate(self, token: str | None) -> Principal:
        """Who a token stands for, as they are now.

        Raises:
            Unauthenticated: The token is missing or not valid, its session has ended, or its user is gone.
            InactiveUser: The account cannot be used.
        """
        return await self._principal(*_named_in(self._claims(token)))

    async def access(self, token: str | None) -> Access:
        """The same, with how long the token is good.

        Raises:
            Unauthenticated: As above.
            InactiveUser: As above.
        """
        return self.with_expiry(await self.authenticate(token), token)

    def with_expiry(self, principal: Principal, token: str | None) -> Access:
        """Somebody who was authenticated by a token, with how long it is good.

        Raises:
            Unauthenticated: The token is missing or not valid.
        """
        return Access(principal, float(self._claims(token)["exp"]))

    async def access_of(self, user_id: int, session_id: UUID, *, expires_at: float) -> Access:
        """The access of a user who showed a good token before, as they are now.

        Raises:
            Unauthenticated: They are gone, the session has ended, or the token's time is over.
            InactiveUser: The account cannot be used.
        """
        if expires_at <= time.time():
            raise Unauthenticated
        return Access(await self._principal(user_id, session_id), expires_at)

    async def still_valid(self, accesses: Collection[Access]) -> Collection[Access]:
        """Those whose session goes on, and whose user is active and may do exactly what they could when they came."""
        rows = await self._users.standings({access.principal.id for access in accesses})
        now = {(row["id"], ROLE_PERMISSIONS[row["role"]]) for row in rows if row["status"] is UserStatus.ACTIVE}
        remaining = [access for access in accesses if (access.principal.id, access.principal.permissions) in now]
        live = await self._sessions.live_among({_session_of(access) for access in remaining})
        return [access for access in remaining if _session_of(access) in live]

    def claimed_by(self, token: str) -> int | None:
        """Whom a valid token was signed for, without asking whether the account can still be used."""
        try:
            return _named_in(self._claims(token))[0]
        except Unauthenticated:
            return None

    def was_staff(self, user_id: int | None) -> bool:
        """Whether somebody was more than a user when this process last let them in; asks nobody."""
        return user_id in self._staff

    async def still_allowed(self, access: Access) -> bool:
        """Whether somebody's token is still good, and they are what they were when they came."""
        return access.expires_at > time.time() and bool(await self.still_valid([access]))

    async def _principal(self, user_id: int, session_id: UUID) -> Principal:
        user = await self._users.standing(user_id, session_id)
        self._staff.pop(user_id, None)  # until they are let in
        if user is None:
            raise Unauthenticated
        if user["status"] is not UserStatus.ACTIVE:
            raise InactiveUser
        if user["session_id"] is None:
            raise Unauthenticated
        add_to_log(user_id=user_id)
        if user["role"] is not UserRole.USER:
            self._remember_staff(user_id)
        return Principal(user_id, ROLE_PERMISSIONS[user["role"]], frozenset({user["role"]}), session_id)

    def _remember_staff(self, user_id: int) -> None:
        if len(self._staff) >= MAX_KNOWN:
            del self._staff[next(iter(self._staff))]
        self._staff[user_id] = None

    def _claims(self, token: str | None) -> Mapping[str, Any]:
        if token is None:
            raise Unauthenticated
        try:
            return self._tokens.verify(token)
        except InvalidToken:
            raise Unauthenticated from None


def _named_in(claims: Mapping[str, Any]) -> tuple[int, UUID]:
    try:
        return int(claims["sub"]), UUID(claims["sid"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unauthenticated from None


def _session_of(access: Access) -> UUID:
    if access.principal.session_id is None:
        raise ValueError("only who is signed in has access for longer than one request")
    return access.principal.session_id
