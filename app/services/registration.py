"""Accounts that people make for themselves, and addresses that they show to be theirs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog

from app.core.audit import ANONYMOUS, Actor, AuditAction
from app.core.enums import TokenPurpose, UserRole, UserStatus
from app.core.exceptions import InvitationInvalid, OneTimeTokenInvalid
from app.core.policies import AccountPolicy
from app.jobs import SendToken
from app.models import User
from app.repositories.audit import AuditRepository
from app.repositories.invitations import InvitationReader, InvitationRepository
from app.repositories.one_time_tokens import OneTimeTokenRepository
from app.repositories.users import UserReader, UserRepository
from app.schemas.passwords import MailPromised
from app.schemas.registration import ResendVerification, VerifyEmail
from app.schemas.users import UserRead, UserRegister
from app.services.one_time_tokens import OneTimeTokens
from app.services.throttles import RegistrationThrottle
from app.services.users import UserService
from lintel.db import Database, Session, utc_now
from lintel.jobs import JobQueue
from lintel.ratelimit import network_of
from lintel.security import one_time_hash

PURPOSE = TokenPurpose.EMAIL_VERIFICATION
UNVERIFIED_KEPT = timedelta(days=30)
"""As long as a mail can be good for."""
DELETED_AT_ONCE = 500
"""Accounts deleted in one unit of work, so that nobody waits long for it."""
SENT = "A mail to that address says what to do next."

_log = structlog.get_logger("app.registration")


class RegistrationService:
    """Lets people make accounts, and verify their addresses.

    Args:
        database: Holds them.
        users: Makes accounts.
        policy: Says who may have one, and whether the address is verified first.
        tokens: Go to the addresses.
        queue: Takes the mails.
        throttle: Bounds both.
    """

    def __init__(
        self,
        database: Database,
        users: UserService,
        policy: AccountPolicy,
        tokens: OneTimeTokens,
        *,
        queue: JobQueue,
        throttle: RegistrationThrottle,
    ) -> None:
        self._database = database
        self._reader = UserReader(database)
        self._invitations = InvitationReader(database)
        self._users = users
        self._policy = policy
        self._tokens = tokens
        self._queue = queue
        self._throttle = throttle

    async def register(self, new: UserRegister, address: str | None = None) -> UserRead | MailPromised:
        """An account made by its owner, who gets a mail to verify the address with, unless they were invited there.

        Where that has to be done before they can sign in, the answer and the work are the same whoever has the address.

        Args:
            new: The account.
            address: Where they are.

        Raises:
            TooManyRequests: Too many were made there.
            Unavailable: They cannot be counted.
            RegistrationClosed: Administrators make the accounts here.
            InvitationNeeded: They invite, and nobody was invited.
            InvitationInvalid: The invitation is not good (any more), or for another address.
            InvalidInput: The policy refuses the address or the password.
            AlreadyExists: Somebody has the username or, unless it is to be verified first, the address.
        """
        self._policy.check_registration(is_invited=new.invitation is not None)
        await self._throttle.accounts.admit(network_of(address))
        if new.invitation is not None:
            return await self._accept(new, one_time_hash(new.invitation.get_secret_value()))
        return await (self._promise(new) if self._policy.must_verify_email else self._make(new))

    async def verify(self, request: VerifyEmail) -> None:
        """Take it that an address is that of whoever shows a token from the mail to it; they can sign in from then on.

        Raises:
            OneTimeTokenInvalid: The token is not good (any more).
        """
        token = request.token.get_secret_value()
        owner = await self._tokens.owner(token, PURPOSE)

        async def work(session: Session) -> None:
            users = UserRepository(session)
            user = await users.get(owner["id"], for_update=True)
            if user is None:
                raise OneTimeTokenInvalid
            await self._tokens.use(session, token, PURPOSE, of_user=user.id)
            await users.update(user, verified(user))
            who = Actor.user(user.id)
            await AuditRepository(session).note(AuditAction.EMAIL_VERIFIED, by=who, user_id=user.id)

        await self._database.run(work)
        _log.info("address verified", subject_id=owner["id"])

    async def resend(self, request: ResendVerification, address: str | None = None) -> MailPromised:
        """Another mail to verify an address with; the answer and the work are the same whoever has it.

        Args:
            request: Which address.
            address: Where they are.

        Raises:
            TooManyRequests: Too many were asked for there.
            Unavailable: They cannot be counted.
        """
        await self._throttle.mails.admit(network_of(address))
        user = await self._reader.sign_in(request.email)
        wanted = SendToken(user_id=user["id"] if user else None, purpose=PURPOSE)

        async def work(session: Session) -> None:
            await self._queue.enqueue(session, wanted)

        await self._database.run(work)
        _log.info("verification asked for", subject_id=wanted.user_id)
        return MailPromised()

    async def delete_expired(self) -> Mapping[str, int]:
        """Delete what nobody came with in time, and accounts whose addresses nobody verified; how many there were.

        Otherwise somebody could keep addresses and usernames from others for good, by registering them.
        """

        async def expired(session: Session) -> dict[str, int]:
            return {
                "tokens": await OneTimeTokenRepository(session).purge(),
                "invitations": await InvitationRepository(session).purge(),
            }

        async def unverified(session: Session) -> int:
            left = await UserRepository(session).leave_unverified(utc_now() - UNVERIFIED_KEPT, most=DELETED_AT_ONCE)
            for user_id in left:
                await AuditRepository(session).note(AuditAction.USER_DELETED, by=None, user_id=user_id)
            return len(left)

        counts, accounts = await self._database.run(expired), 0
        while deleted := await self._database.run(unverified):
            accounts += deleted
        return {**counts, "accounts": accounts}

    async def _make(self, new: UserRegister) -> UserRead:
        values = await self._users.new_account(new, role=UserRole.USER, status=UserStatus.ACTIVE, is_verified=False)

        async def work(session: Session) -> UserRead:
            added = await self._users.add(session, values)
            who = Actor.user(added.id)
            await AuditRepository(session).note(AuditAction.USER_REGISTERED, by=who, user_id=added.id)
            await self._queue.enqueue(session, SendToken(user_id=added.id, purpose=PURPOSE))
            return added

        made = await self._database.run(work)
        _log.info("user created", subject_id=made.id, role=made.role.value)
        return made

    async def _accept(self, new: UserRegister, hashed: str) -> UserRead:
        if not await self._invitations.is_good(hashed, new.email):
            raise InvitationInvalid
        values = await self._users.new_account(new, role=UserRole.USER, status=UserStatus.ACTIVE)

        async def work(session: Session) -> UserRead:
            taken = await InvitationRepository(session).take(hashed, new.email)
            if taken is None:
                raise InvitationInvalid
            await UserRepository(session).give_way(new.email)
            added = await self._users.add(session, {**values, "role": taken["role"]})
            await AuditRepository(session).note(
                AuditAction.USER_REGISTERED,
                by=Actor.user(added.id),
                user_id=added.id,
                detail={"invitation": taken["id"], "role": added.role.value},
            )
            return added

        made = await self._database.run(work)
        _log.info("invitation accepted", subject_id=made.id, role=made.role.value)
        return made

    async def _promise(self, new: UserRegister) -> MailPromised:
        values = await self._users.new_account(new, role=UserRole.USER, status=UserStatus.PENDING_VERIFICATION)

        async def work(session: Session) -> int:
            user_id = await UserRepository(session).add_unless_known(values)
            # The same for an address that is known: its owner can see that somebody tried.
            asked = AuditAction.REGISTRATION_ASKED
            await AuditRepository(session).note(asked, by=ANONYMOUS, user_id=user_id)
            await self._queue.enqueue(session, SendToken(user_id=user_id, purpose=PURPOSE))
            return user_id

        _log.info("registered", subject_id=await self._database.run(work))
        return MailPromised(detail=SENT)


def verified(user: User) -> dict[str, Any]:
    """What changes of a user who has shown that they read the mail to their address."""
    awaited = user.status is UserStatus.PENDING_VERIFICATION
    return {"email_verified_at": utc_now(), "status": UserStatus.ACTIVE if awaited else user.status}
