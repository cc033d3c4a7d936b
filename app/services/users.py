"""Accounts: made, read, changed and deleted, by their owners and by administrators."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import structlog

from app.core.audit import AuditAction
from app.core.channels import user_channel
from app.core.enums import TokenPurpose, UserRole, UserStatus
from app.core.exceptions import LastAdmin, OwnEmail, UserNotFound
from app.core.policies import AccountPolicy
from app.jobs import EraseFiles, SendMail, SendToken
from app.models import User
from app.repositories.api_keys import ApiKeyRepository
from app.repositories.audit import AuditRepository
from app.repositories.one_time_tokens import OneTimeTokenRepository
from app.repositories.sessions import SessionRepository
from app.repositories.users import UserReader, UserRepository
from app.schemas.users import NewAccount, UserCreate, UserQuery, UserRead, UserReplaceMe, UserSearchQuery, UserUpdateMe
from app.services.cached_users import CachedUsers
from lintel.api import Found
from lintel.db import ANY_VERSION, Database, ExpectedVersion, Session, utc_now
from lintel.errors import AlreadyExists
from lintel.idempotency import EVERY_TIME, Once
from lintel.jobs import JobQueue
from lintel.pubsub import PubSub
from lintel.security import PasswordHasher, Principal

ACCOUNT_MADE = "account_made"
"""A mail: its template."""
PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a mail: its template
EMAIL_CHANGED = "email_changed"
"""A mail to the address before: its template."""

CHANGED, DELETED = "account.changed", "account.deleted"
"""News of an account, on its user's channel."""

STANDING = ("role", "status")
"""With these, all that somebody was given while they were something else ends."""

_log = structlog.get_logger("app.users")


class UserService:
    """Everything that is done with accounts."""

    def __init__(
        self,
        database: Database,
        passwords: PasswordHasher,
        policy: AccountPolicy,
        answers: CachedUsers,
        pubsub: PubSub,
        *,
        queue: JobQueue,
    ) -> None:
        self._database = database
        self._reader = UserReader(database)
        self._answers = answers
        self._passwords = passwords
        self._policy = policy
        self._pubsub = pubsub
        self._queue = queue

    async def create_user(
        self,
        new: UserCreate,
        *,
        once: Once[UserRead] = EVERY_TIME,
        by_mail: bool = False,
        by: Principal | None = None,
    ) -> UserRead:
        """An account made by an administrator, whose word counts for the address, unless it is to be verified.

        Args:
            new: The account.
            once: Keeps the outcome for a request that is repeated.
            by_mail: Tell them, without the password.
            by: The administrator; None for the service itself.

        Raises:
            InvalidInput: The policy refuses the address or the password.
            AlreadyExists: Somebody has the address.
        """
        values = await self.new_account(new, role=new.role, status=new.status)

        created = await once.run(self._database, lambda session: self.make(session, values, by_mail=by_mail, by=by))
        _log.info("user created", subject_id=created.id, role=created.role.value)
        return created

    async def make(
        self, session: Session, values: Mapping[str, Any], *, by: Principal | None, by_mail: bool = True
    ) -> UserRead:
        """The same within a unit of work, of what `new_account` says.

        Raises:
            AlreadyExists: Somebody has the address or the username.
        """
        added = await self.add(session, values)
        made = AuditAction.USER_CREATED
        await AuditRepository(session).note(made, by=by, user_id=added.id, detail={"role": added.role})
        if by_mail:
            await self._queue.enqueue(session, SendMail(user_id=added.id, template=ACCOUNT_MADE))
        if added.status is UserStatus.PENDING_VERIFICATION:
            wanted = SendToken(user_id=added.id, purpose=TokenPurpose.EMAIL_VERIFICATION)
            await self._queue.enqueue(session, wanted)
        return added

    async def new_account(
        self, new: NewAccount, *, role: UserRole, status: UserStatus, is_verified: bool | None = None
    ) -> dict[str, Any]:
        """The columns of an account that is to be made. One hash, and nothing is asked of the database.

        Args:
            new: The account.
            role: What they may do.
            status: Whether it can be used.
            is_verified: Whether it is known that they read the mail to the address; None: unless the status says not.

        Raises:
            InvalidInput: The policy refuses the address or the password.
        """
        password = new.password.get_secret_value()
        self._policy.check_email(new.email)
        self._policy.check_password(password, new.email, new.full_name, new.username)
        if is_verified is None:
            is_verified = status is not UserStatus.PENDING_VERIFICATION
        return {
            "email": new.email,
            "username": new.username,
            "full_name": new.full_name,
            "role": role,
            "status": status,
            "hashed_password": await self._passwords.hash(password),
            "email_verified_at": utc_now() if is_verified else None,
        }

    async def add(self, session: Session, values: Mapping[str, Any]) -> UserRead:
        """Make an account within a unit of work.

        Raises:
            AlreadyExists: Somebody has the address or the username.
        """
        return UserRead.model_validate(await UserRepository(session).add(User(**values)))

    async def list_users(self, principal: Principal, query: UserQuery) -> Found[UserRead]:
        """One page of all accounts, and how many there are; for who may read them.

        Raises:
            PermissionDenied: The principal may not.
        """
        return await self._answers.page(principal, query)

    async def search_users(self, query: UserSearchQuery) -> Found[UserRead]:
        """Part of the list of active users with a text in their address or name."""
        return Found.of(UserRead, await self._reader.page(query), query)

    async def get_user(self, principal: Principal, user_id: int) -> UserRead:
        """The principal's own account, or anybody's for who may read them.

        Raises:
            UserNotFound: There is none, or it is not theirs to see.
        """
        user = await self._answers.one(principal, user_id)
        if user is None:
            raise UserNotFound
        return user

    async def get_user_by_username(self, principal: Principal, username: str) -> UserRead:
        """The same, by username.

        Raises:
            UserNotFound: There is none, or it is not theirs to see.
        """
        user_id = await self._reader.id_of(username)
        if user_id is None:
            raise UserNotFound
        return await self.get_user(principal, user_id)

    async def update_user(
        self,
        user_id: int,
        changes: UserUpdateMe | UserReplaceMe,
        *,
        by: Principal | None = None,
        expected: ExpectedVersion = ANY_VERSION,
    ) -> UserRead:
        """The account after the changes.

        Another role or status ends all its sessions; that, or another address, what was sent to its owner by mail.
        The address before is told of another one.

        Args:
            user_id: Whose account.
            changes: What is to be different.
            by: Who changes it; None for the service itself.
            expected: Which version they have seen.

        Raises:
            UserNotFound: There is none.
            PreconditionFailed: It was changed since.
            OwnEmail: They would change their own address, which takes a mail to the new one.
            InvalidInput: The policy refuses the new address.
            AlreadyExists: Somebody has the new address.
            LastAdmin: Nobody could administer afterwards.
        """
        values = self.values_of(changes)
        changed = await self._database.run(
            lambda session: self.change(session, user_id, values, by=by, expected=expected)
        )
        await self.tell(user_id, CHANGED)
        _log.info("user changed", subject_id=user_id, fields=sorted(values))
        return changed

    def values_of(self, changes: UserUpdateMe | UserReplaceMe, *, pointer: str = "/body/email") -> dict[str, Any]:
        """The columns that changes are about.

        Args:
            changes: What is to be different.
            pointer: Where the address stands in the request, if it does.

        Raises:
            InvalidInput: The policy refuses the new address.
        """
        values = changes.changes()
        if "email" in values:
            self._policy.check_email(values["email"], pointer=pointer)
        return values

    async def change(
        self,
        session: Session,
        user_id: int,
        values: Mapping[str, Any],
        *,
        by: Principal | None,
        expected: ExpectedVersion = ANY_VERSION,
    ) -> UserRead:
        """What `update_user` does, within a unit of work, with what `values_of` says; `tell` them afterwards.

        Raises:
            UserNotFound, PreconditionFailed, OwnEmail, AlreadyExists, LastAdmin: As there.
        """
        users = UserRepository(session)
        if {"role", "status"} & set(values):
            await self._keep_an_admin(users, user_id, values)
        user = await self._found(users, user_id)
        expected.check(user.version)
        differ = {name for name, value in values.items() if getattr(user, name) != value}
        if "email" in differ:
            if by is not None and by.id == user_id:
                raise OwnEmail
            told = SendMail(user_id=user_id, template=EMAIL_CHANGED, address=user.email)
            await self._queue.enqueue(session, told)
        if differ & {*STANDING}:
            await SessionRepository(session).end_all(user_id)
        if differ & {*STANDING, "email"}:
            await OneTimeTokenRepository(session).end_all(user_id)
        for action, detail in _told(user, values, differ):
            await AuditRepository(session).note(action, by=by, user_id=user_id, detail=detail)
        return UserRead.model_validate(await users.update(user, {**values, **_verified(user, differ, values)}))

    async def delete_user(
        self, user_id: int, *, by: Principal | None = None, expected: ExpectedVersion = ANY_VERSION
    ) -> None:
        """The account is gone for everybody, and its files soon after; rows are purged later.

        Args:
            user_id: Whose account.
            by: Who deletes it; None for the service itself.
            expected: Which version they have seen.

        Raises:
            UserNotFound: There is none.
            PreconditionFailed: It was changed since.
            LastAdmin: Nobody could administer afterwards.
        """
        await self._database.run(lambda session: self.remove(session, user_id, by=by, expected=expected))
        await self.tell(user_id, DELETED)
        _log.info("user deleted", subject_id=user_id)

    async def remove(
        self, session: Session, user_id: int, *, by: Principal | None, expected: ExpectedVersion = ANY_VERSION
    ) -> None:
        """What `delete_user` does, within a unit of work; `tell` them afterwards.

        Raises:
            UserNotFound, PreconditionFailed, LastAdmin: As there.
        """
        users = UserRepository(session)
        await self._keep_an_admin(users, user_id, {"status": UserStatus.INACTIVE})
        user = await self._found(users, user_id)
        expected.check(user.version)
        await users.remove(user)
        await SessionRepository(session).end_all(user_id)
        await OneTimeTokenRepository(session).end_all(user_id)
        await AuditRepository(session).note(AuditAction.USER_DELETED, by=by, user_id=user_id)
        await self._queue.enqueue(session, EraseFiles(user_id=user_id))

    async def ensure_admin(self, email: str, password: str, *, reset: bool = False) -> bool:
        """Make an administrator, unless there is one already.

        Args:
            email: The administrator's address.
            password: The password to set.
            reset: Set password, role and status of an account that exists; its sessions end, its API keys are revoked.

        Returns:
            Whether the password is now the one given; False when there is an administrator already.

        Raises:
            AlreadyExists: There is none, but somebody else has the address.
            InvalidInput: The policy refuses the password.
        """
        self._policy.check_password(password, email)
        hashed = await self._passwords.hash(password)
        values = {
            "hashed_password": hashed,
            "role": UserRole.ADMIN,
            "status": UserStatus.ACTIVE,
            "email_verified_at": utc_now(),
        }

        async def work(session: Session) -> bool:
            users = UserRepository(session)
            if await users.lock_active_admins() and not reset:
                return False
            user = await users.by_email(email)
            if user is not None and reset:
                await users.update(user, values)
                await SessionRepository(session).end_all(user.id)
                await OneTimeTokenRepository(session).end_all(user.id)
                await ApiKeyRepository(session).revoke_all(user.id)
                # By the next look of a worker: who runs a command has nobody to tell of it.
                told = SendMail(user_id=user.id, template=PASSWORD_CHANGED)
                await self._queue.enqueue(session, told, available_at=utc_now())
                action = AuditAction.USER_RESTORED
            else:
                user = await users.add(User(email=email, **values))
                action = AuditAction.USER_CREATED
            await AuditRepository(session).note(action, by=None, user_id=user.id, detail={"role": UserRole.ADMIN})
            return True

        try:
            return await self._database.run(work)
        except AlreadyExists:
            # A replica that started at the same moment may have been quicker; then there is an administrator now.
            return await self._database.run(work)

    async def tell(self, user_id: int, event: str) -> None:
        """Have everything that the user has open looked at again, in every process."""
        await self._pubsub.publish(user_channel(user_id), {"event": event})

    async def _found(self, users: UserRepository, user_id: int) -> User:
        user = await users.get(user_id, for_update=True)
        if user is None:
            raise UserNotFound
        return user

    async def _keep_an_admin(self, users: UserRepository, user_id: int, values: Mapping[str, Any]) -> None:
        stays = (
            values.get("role", UserRole.ADMIN) is UserRole.ADMIN
            and values.get("status", UserStatus.ACTIVE) is UserStatus.ACTIVE
        )
        # Locked before the user's own row, in the same order by everybody: two units cannot wait for each other.
        if not stays and await users.lock_active_admins() == [user_id]:
            raise LastAdmin


def _verified(user: User, differ: Collection[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """What an administrator's change says of the address: their word counts."""
    is_let_in = "status" in differ and values["status"] is UserStatus.ACTIVE
    is_news = "email" in differ or (is_let_in and user.email_verified_at is None)
    return {"email_verified_at": utc_now()} if is_news else {}


def _told(user: User, values: Mapping[str, Any], differ: set[str]) -> Iterator[tuple[AuditAction, dict[str, Any]]]:
    """What the audit log is told of a change that is about to be made; of names and addresses only that they change."""
    if "role" in differ:
        yield AuditAction.USER_ROLE_CHANGED, {"from": user.role, "to": values["role"]}
    if "status" in differ:
        is_on = values["status"] is UserStatus.ACTIVE
        action = AuditAction.USER_ACTIVATED if is_on else AuditAction.USER_DEACTIVATED
        yield action, {"from": user.status, "to": values["status"]}
    if "email" in differ:
        yield AuditAction.EMAIL_CHANGED, {}
    if others := sorted(differ - {*STANDING, "email"}):
        yield AuditAction.USER_UPDATED, {"fields": others}
