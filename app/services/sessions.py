"""Signing in and out, and where somebody is signed in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from app.core.audit import ANONYMOUS, Actor, AuditAction, TargetKind
from app.core.channels import user_channel
from app.core.enums import UserStatus
from app.core.exceptions import InactiveUser, RefreshTokenUsed, SessionNotFound, WrongCredentials
from app.models import UserSession
from app.repositories.audit import AuditRepository
from app.repositories.sessions import SessionReader, SessionRepository
from app.repositories.users import UserReader, UserRepository
from app.schemas.auth import LoginForm, RefreshRequest, Token
from app.schemas.sessions import SessionQuery, SessionRead
from app.services.audit import AuditLog
from app.services.session_tokens import SessionTokens
from app.services.throttles import SignInThrottle
from lintel.api import Found
from lintel.context import add_to_log
from lintel.db import Database, Session, utc_now
from lintel.errors import TooManyRequests, Unauthenticated
from lintel.pubsub import PubSub
from lintel.security import Client, InvalidToken, PasswordHasher, Principal, RefreshToken

KEPT = timedelta(days=7)
"""How long a session that has ended is kept, for those who ask what happened."""

NOT_VERIFIED = (
    "The e-mail address and the password do not belong together. If you have just made the account, "
    "verify the address first, with the mail that was sent to it."
)
"""The same for everybody, where addresses are verified."""

_log = structlog.get_logger("app.sessions")


class SessionService:
    """Opens, renews, shows and ends sessions."""

    def __init__(
        self,
        database: Database,
        passwords: PasswordHasher,
        tokens: SessionTokens,
        pubsub: PubSub,
        *,
        throttle: SignInThrottle,
        must_verify_email: bool,
        audit: AuditLog,
    ) -> None:
        self._database = database
        self._users = UserReader(database)
        self._reader = SessionReader(database)
        self._passwords = passwords
        self._tokens = tokens
        self._pubsub = pubsub
        self._throttle = throttle
        self._must_verify_email = must_verify_email
        self._audit = audit

    async def login(self, form: LoginForm, client: Client) -> Token:
        """The tokens of a new session, for the right address and password.

        Raises:
            TooManyRequests: There were too many attempts.
            Unavailable: Attempts cannot be counted.
            WrongCredentials: They do not belong together, or the address is to be verified first; which of these is
                not told, nor shown by the time taken: whoever registers an address would learn whether it was known.
            InactiveUser: They do, but the account cannot be used.
        """
        await self._admit(form, client)
        user = await self._users.sign_in(form.username)
        password = form.password.get_secret_value()
        right, better = await self._passwords.verify(password, user["hashed_password"] if user else None)
        if user is None or not right or self._is_awaited(user):
            _log.warning("sign-in failed", user_id=user["id"] if user else None)
            await self._refused(form, user, "wrong_credentials")
            raise WrongCredentials(NOT_VERIFIED if self._must_verify_email else None)
        await self._throttle.succeeded(form.username, client.address)
        if user["status"] is not UserStatus.ACTIVE:
            _log.warning("sign-in refused", user_id=user["id"], status=user["status"].value)
            await self._refused(form, user, user["status"].value)
            raise InactiveUser

        async def work(session: Session) -> UserSession | None:
            users = UserRepository(session)
            found = await users.get(user["id"], for_update=True)
            # Whoever changed the password meanwhile has ended all sessions; none may come after that.
            if found is None or (found.hashed_password, found.status) != (user["hashed_password"], user["status"]):
                return None
            if better is not None:
                await users.update(found, {"hashed_password": better})
            made = await self._tokens.open(session, found.id, client)
            who, where = Actor.user(found.id), (TargetKind.SESSION, made.id)
            await AuditRepository(session).note(AuditAction.SIGNED_IN, by=who, user_id=found.id, target=where)
            return made

        opened = await self._database.run(work)
        if opened is None:
            await self._refused(form, user, "changed_meanwhile")
            raise WrongCredentials
        _log.info("signed in", user_id=opened.user_id, session_id=str(opened.id))
        return self._tokens.of(opened)

    def _is_awaited(self, user: Mapping[str, Any]) -> bool:
        return self._must_verify_email and user["status"] is UserStatus.PENDING_VERIFICATION

    async def _admit(self, form: LoginForm, client: Client) -> None:
        try:
            await self._throttle.admit(form.username, client.address)
        except TooManyRequests:
            await self._audit.refused_again(AuditAction.SIGN_IN_THROTTLED, typed=form.username)
            raise

    async def _refused(self, form: LoginForm, user: Mapping[str, Any] | None, reason: str) -> None:
        user_id, told = user["id"] if user else None, {"reason": reason}
        await self._audit.refused(AuditAction.SIGN_IN_REFUSED, user_id=user_id, typed=form.username, detail=told)

    async def refresh(self, request: RefreshRequest, client: Client) -> Token:
        """The next tokens of a session.

        Whoever comes with a token that was used before ends the session: one of the two who had it has stolen it.

        Raises:
            Unauthenticated: The token is not ours, or its session has ended.
            RefreshTokenUsed: It was used before; the session has ended now.
            InactiveUser: The account cannot be used.
        """
        try:
            token = self._tokens.read(request.refresh_token.get_secret_value())
        except InvalidToken:
            raise Unauthenticated from None

        async def work(session: Session) -> tuple[UserSession, bool]:
            return await self._renew(session, token, client)

        # What is found out is kept, although the answer is an error.
        renewed, was_good = await self._database.run(work)
        add_to_log(user_id=renewed.user_id)
        if not was_good:
            _log.warning("refresh token used twice", user_id=renewed.user_id, session_id=str(renewed.id))
            await self._tell(renewed.user_id)
            raise RefreshTokenUsed
        return self._tokens.of(renewed)

    async def _renew(self, session: Session, token: RefreshToken, client: Client) -> tuple[UserSession, bool]:
        row = await SessionRepository(session).find(token.session_id)
        user = None if row is None else await UserRepository(session).get(row.user_id)
        if row is None or user is None:
            raise Unauthenticated
        try:
            was_good = self._tokens.renew(row, token, client)
        except InvalidToken:
            raise Unauthenticated from None
        if not was_good:
            row.revoked_at = utc_now()
            where = (TargetKind.SESSION, row.id)
            reused = AuditAction.REFRESH_REUSED
            await AuditRepository(session).note(reused, by=ANONYMOUS, user_id=row.user_id, target=where)
        elif user.status is not UserStatus.ACTIVE:
            raise InactiveUser
        return row, was_good

    async def list_sessions(self, principal: Principal, query: SessionQuery) -> Found[SessionRead]:
        """One page of where the principal is signed in, and in how many places that is."""
        found = await self._reader.page(principal, query)
        rows = [{**row, "is_current": row["id"] == principal.session_id} for row in found.rows]
        return Found.of(SessionRead, replace(found, rows=rows), query)

    async def end_session(
        self, principal: Principal, session_id: UUID, *, action: AuditAction = AuditAction.SESSION_REVOKED
    ) -> None:
        """Sign the principal out in one place; its access tokens are worth nothing from then on.

        Args:
            principal: Whose session it is.
            session_id: Which.
            action: What the audit log calls it.

        Raises:
            SessionNotFound: They have no such session (any more).
        """

        async def work(session: Session) -> bool:
            ended = await SessionRepository(session).end(principal, session_id)
            if ended:
                where = (TargetKind.SESSION, session_id)
                await AuditRepository(session).note(action, by=principal, user_id=principal.id, target=where)
            return ended

        if not await self._database.run(work):
            raise SessionNotFound
        _log.info("session ended", user_id=principal.id, session_id=str(session_id))
        await self._tell(principal.id)

    async def end_other_sessions(self, principal: Principal) -> None:
        """Sign the principal out everywhere but here."""
        await self._end_all(principal, but=principal.session_id)

    async def logout(self, principal: Principal, *, everywhere: bool = False) -> None:
        """Sign the principal out here, or everywhere."""
        if everywhere:
            await self._end_all(principal)
        elif principal.session_id is not None:
            await self.end_session(principal, principal.session_id, action=AuditAction.SIGNED_OUT)

    async def _end_all(self, principal: Principal, *, but: UUID | None = None) -> None:
        async def work(session: Session) -> None:
            await SessionRepository(session).end_all(principal.id, but=but)
            all_of_them, told = AuditAction.SESSIONS_REVOKED, {"kept_this_one": but is not None}
            await AuditRepository(session).note(all_of_them, by=principal, user_id=principal.id, detail=told)

        await self._database.run(work)
        _log.info("sessions ended", user_id=principal.id, kept=None if but is None else str(but))
        await self._tell(principal.id)

    async def delete_ended_sessions(self) -> int:
        """Delete the sessions that ended some time ago; how many."""

        async def work(session: Session) -> int:
            return await SessionRepository(session).purge(utc_now() - KEPT)

        return await self._database.run(work)

    async def _tell(self, user_id: int) -> None:
        """Have everything that the user has open looked at again, in every process."""
        await self._pubsub.publish(user_channel(user_id), {"event": "sessions.ended"})
