"""Passwords that were forgotten, and those that are changed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog
from pydantic import SecretStr

from app.core.audit import ANONYMOUS, Actor, AuditAction
from app.core.channels import user_channel
from app.core.enums import TokenPurpose
from app.core.exceptions import OneTimeTokenInvalid, WrongPassword
from app.core.policies import AccountPolicy
from app.jobs import SendMail, SendToken
from app.models import User
from app.repositories.audit import AuditRepository
from app.repositories.one_time_tokens import OneTimeTokenRepository
from app.repositories.sessions import SessionRepository
from app.repositories.users import UserReader, UserRepository
from app.schemas.passwords import ChangePassword, ForgotPassword, MailPromised, ResetPassword
from app.services.audit import AuditLog
from app.services.one_time_tokens import OneTimeTokens
from app.services.registration import verified
from app.services.throttles import PasswordThrottle
from app.services.users import PASSWORD_CHANGED
from lintel.db import Database, Session
from lintel.errors import Unauthenticated
from lintel.jobs import JobQueue
from lintel.pubsub import PubSub
from lintel.ratelimit import network_of
from lintel.security import PasswordHasher, Principal

_log = structlog.get_logger("app.passwords")


class PasswordService:
    """Replaces passwords. Whoever else knew the one before is signed out, and the owner is told by mail."""

    def __init__(
        self,
        database: Database,
        passwords: PasswordHasher,
        policy: AccountPolicy,
        tokens: OneTimeTokens,
        pubsub: PubSub,
        *,
        queue: JobQueue,
        throttle: PasswordThrottle,
        audit: AuditLog,
    ) -> None:
        self._database = database
        self._users = UserReader(database)
        self._passwords = passwords
        self._policy = policy
        self._tokens = tokens
        self._pubsub = pubsub
        self._queue = queue
        self._throttle = throttle
        self._audit = audit

    async def forgot(self, request: ForgotPassword, address: str | None = None) -> MailPromised:
        """A mail with a token, if somebody has the address; the answer and the work are the same if nobody has.

        Args:
            request: Whose password is forgotten.
            address: Where they are.

        Raises:
            TooManyRequests: Too many were asked for there.
            Unavailable: They cannot be counted.
        """
        await self._throttle.mails.admit(network_of(address))
        user = await self._users.sign_in(request.email)
        wanted = SendToken(user_id=user["id"] if user else None, purpose=TokenPurpose.PASSWORD_RESET)

        async def work(session: Session) -> None:
            await self._queue.enqueue(session, wanted)
            asked = AuditAction.PASSWORD_RESET_ASKED
            await AuditRepository(session).note(asked, by=ANONYMOUS, user_id=wanted.user_id)

        await self._database.run(work)
        _log.info("password forgotten", subject_id=wanted.user_id)
        return MailPromised()

    async def reset(self, request: ResetPassword) -> None:
        """A new password for whoever shows a token from their mail, and with it that the address is theirs.

        All their sessions end.

        Raises:
            OneTimeTokenInvalid: The token is not good (any more).
            InvalidInput: The policy refuses the password; the token stays good.
        """
        token, password = request.token.get_secret_value(), request.password.get_secret_value()
        owner = await self._tokens.owner(token, TokenPurpose.PASSWORD_RESET)
        self._policy.check_password(password, owner["email"], owner["full_name"], owner["username"])
        hashed = await self._passwords.hash(password)

        async def work(session: Session) -> None:
            user = await UserRepository(session).get(owner["id"], for_update=True)
            if user is None:
                raise OneTimeTokenInvalid
            await self._tokens.use(session, token, TokenPurpose.PASSWORD_RESET, of_user=user.id)
            await UserRepository(session).update(user, verified(user))
            await self._replace(session, user, hashed)
            who = Actor.user(user.id)
            await AuditRepository(session).note(AuditAction.PASSWORD_RESET, by=who, user_id=user.id)

        await self._database.run(work)
        await self._tell(owner["id"], "password reset")

    async def change(self, principal: Principal, request: ChangePassword) -> None:
        """Another password for who knows theirs. All their other sessions end.

        Raises:
            WrongPassword: They do not know it.
            InvalidInput: The policy refuses the new one.
            TooManyRequests: They tried too often.
            Unavailable: Attempts cannot be counted.
        """
        refused = AuditAction.PASSWORD_CHANGE_REFUSED
        known = await self.check_current(principal, request.current_password, refused=refused)
        password = request.password.get_secret_value()
        self._policy.check_password(password, known["email"], known["full_name"], known["username"])
        hashed = await self._passwords.hash(password)

        async def work(session: Session) -> None:
            user = await UserRepository(session).get(principal.id, for_update=True)
            # It may have been changed while the hashes were made: then this was not the current one.
            if user is None or user.hashed_password != known["hashed_password"]:
                raise WrongPassword
            await self._replace(session, user, hashed, but=principal.session_id)
            changed = AuditAction.PASSWORD_CHANGED
            await AuditRepository(session).note(changed, by=principal, user_id=user.id)

        await self._database.run(work)
        await self._tell(principal.id, "password changed")

    async def check_current(self, principal: Principal, given: SecretStr, *, refused: AuditAction) -> Mapping[str, Any]:
        """Address, name and hash of who knows their password, which is asked for again before what is grave.

        Args:
            principal: Who.
            given: What they say it is.
            refused: What to note if it is not.

        Raises:
            WrongPassword: They do not know it.
            TooManyRequests: They tried too often in this session, for whatever.
            Unavailable: Attempts cannot be counted.
            Unauthenticated: They left.
        """
        who = (str(principal.id), str(principal.session_id))
        await self._throttle.guesses.admit(*who)
        known = await self._users.credentials(principal.id)
        if known is None:
            raise Unauthenticated
        right, _ = await self._passwords.verify(given.get_secret_value(), known["hashed_password"])
        if not right:
            _log.warning("the current password is wrong", subject_id=principal.id)
            await self._audit.refused(refused, by=principal, user_id=principal.id)
            raise WrongPassword
        await self._throttle.guesses.forget(*who)
        return known

    async def _replace(self, session: Session, user: User, hashed: str, *, but: UUID | None = None) -> None:
        """The new hash; everything that the former password led to ends with it."""
        await UserRepository(session).update(user, {"hashed_password": hashed})
        await SessionRepository(session).end_all(user.id, but=but)
        await OneTimeTokenRepository(session).end_all(user.id)
        await self._queue.enqueue(session, SendMail(user_id=user.id, template=PASSWORD_CHANGED))

    async def _tell(self, user_id: int, event: str) -> None:
        """Have everything that the user has open looked at again, in every process."""
        _log.info(event, subject_id=user_id)
        await self._pubsub.publish(user_channel(user_id), {"event": "password.changed"})
