"""Addresses that their owners change."""

import structlog

from app.core.audit import AuditAction
from app.core.channels import user_channel
from app.core.enums import TokenPurpose
from app.core.exceptions import OneTimeTokenInvalid, WrongPassword
from app.core.policies import AccountPolicy
from app.jobs import SendMail, SendToken
from app.repositories.audit import AuditRepository
from app.repositories.one_time_tokens import OneTimeTokenRepository
from app.repositories.sessions import SessionRepository
from app.repositories.users import UserRepository
from app.schemas.emails import ChangeEmail, ConfirmEmail
from app.schemas.passwords import MailPromised
from app.services.one_time_tokens import OneTimeTokens
from app.services.passwords import PasswordService
from app.services.throttles import PasswordThrottle
from app.services.users import EMAIL_CHANGED
from lintel.db import Database, Session, utc_now
from lintel.errors import FieldError, InvalidInput
from lintel.jobs import JobQueue
from lintel.pubsub import PubSub
from lintel.ratelimit import network_of
from lintel.security import Principal

EMAIL_CHANGE_ASKED = "email_change_asked"
"""A mail to the present address: its template."""
PURPOSE = TokenPurpose.EMAIL_CHANGE
SENT = "A mail to the new address says what to do next."

_log = structlog.get_logger("app.emails")


class EmailService:
    """Gives accounts another address, once it is shown to be their owner's. The address before is told twice.

    Args:
        database: Holds them.
        passwords: Are asked for again.
        policy: Says which addresses are welcome.
        tokens: Go to the new addresses.
        pubsub: Tells what changed.
        queue: Takes the mails.
        throttle: Bounds them.
    """

    def __init__(
        self,
        database: Database,
        passwords: PasswordService,
        policy: AccountPolicy,
        tokens: OneTimeTokens,
        pubsub: PubSub,
        *,
        queue: JobQueue,
        throttle: PasswordThrottle,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._policy = policy
        self._tokens = tokens
        self._pubsub = pubsub
        self._queue = queue
        self._throttle = throttle

    async def ask(self, principal: Principal, request: ChangeEmail, address: str | None = None) -> MailPromised:
        """Mails to both addresses; nothing changes yet, and nothing tells whether somebody else has the new one.

        Args:
            principal: Whose address.
            request: Which one they want, and their password.
            address: Where they are.

        Raises:
            TooManyRequests: Too many mails were asked for there, or passwords tried.
            Unavailable: They cannot be counted.
            WrongPassword: They do not know their password.
            InvalidInput: The policy refuses the address, or they have it already.
        """
        await self._throttle.mails.admit(network_of(address))
        known = await self._passwords.check_current(
            principal, request.current_password, refused=AuditAction.EMAIL_CHANGE_REFUSED
        )
        self._policy.check_email(request.email)
        if request.email == known["email"]:
            raise InvalidInput(errors=[FieldError("/body/email", "is your address already", "email_unchanged")])

        async def work(session: Session) -> None:
            user = await UserRepository(session).get(principal.id, for_update=True)
            if user is None or user.hashed_password != known["hashed_password"]:
                raise WrongPassword
            wanted = SendToken(user_id=user.id, purpose=PURPOSE, address=request.email)
            await self._queue.enqueue(session, wanted)
            told = SendMail(user_id=user.id, template=EMAIL_CHANGE_ASKED, address=user.email)
            await self._queue.enqueue(session, told)
            await AuditRepository(session).note(AuditAction.EMAIL_CHANGE_ASKED, by=principal, user_id=user.id)

        await self._database.run(work)
        _log.info("another address asked for", subject_id=principal.id)
        return MailPromised(detail=SENT)

    async def confirm(self, principal: Principal, request: ConfirmEmail) -> None:
        """The new address, for who is signed in and shows the token from the mail to it. Their other sessions end.

        Whoever merely registered the address gives way to who has shown that it is theirs.

        Raises:
            OneTimeTokenInvalid: The token is not good (any more), or somebody else's.
            AlreadyExists: Somebody has the address; the token stays good.
        """
        token = request.token.get_secret_value()

        async def work(session: Session) -> None:
            users = UserRepository(session)
            user = await users.get(principal.id, for_update=True)
            if user is None:
                raise OneTimeTokenInvalid
            new, before = await self._tokens.use(session, token, PURPOSE, of_user=user.id), user.email
            if new is None:
                raise OneTimeTokenInvalid
            await users.give_way(new)
            await users.update(user, {"email": new, "email_verified_at": utc_now()})
            await SessionRepository(session).end_all(user.id, but=principal.session_id)
            await OneTimeTokenRepository(session).end_all(user.id)
            await self._queue.enqueue(session, SendMail(user_id=user.id, template=EMAIL_CHANGED, address=before))
            await AuditRepository(session).note(AuditAction.EMAIL_CHANGED, by=principal, user_id=user.id)

        await self._database.run(work)
        _log.info("address changed", subject_id=principal.id)
        await self._pubsub.publish(user_channel(principal.id), {"event": "account.changed"})
