"""Accounts: made, read, changed and deleted, by their owners and by administrators."""

from typing import Any

import structlog

from app.core.enums import UserRole, UserStatus
from app.core.exceptions import LastAdmin, UserNotFound
from app.core.permissions import Permission
from app.core.policies import AccountPolicy
from app.models import User
from app.repositories.users import UserReader, UserRepository
from app.schemas.users import UserCreate, UserQuery, UserRead, UserRegister, UserUpdate, UserUpdateMe
from lintel.db import Database, Session
from lintel.errors import AlreadyExists
from lintel.security import PasswordHasher, Principal

_log = structlog.get_logger("app.users")


class UserService:
    """Everything that is done with accounts."""

    def __init__(self, database: Database, passwords: PasswordHasher, policy: AccountPolicy) -> None:
        self._database = database
        self._reader = UserReader(database)
        self._passwords = passwords
        self._policy = policy

    async def register(self, new: UserRegister) -> UserRead:
        """An account made by its owner.

        Raises:
            RegistrationClosed: Administrators make the accounts here.
            InvalidInput: The policy refuses the address or the password.
            AlreadyExists: Somebody has the address.
        """
        self._policy.check_registration()
        return await self._create(new, role=UserRole.USER, status=UserStatus.ACTIVE)

    async def create_user(self, new: UserCreate) -> UserRead:
        """An account made by an administrator.

        Raises:
            InvalidInput: The policy refuses the address or the password.
            AlreadyExists: Somebody has the address.
        """
        return await self._create(new, role=new.role, status=new.status)

    async def list_users(self, query: UserQuery) -> tuple[list[UserRead], int]:
        """One page of all accounts, and how many there are."""
        found = await self._reader.page(query)
        return UserRead.of_rows(found.rows), found.total

    async def get_user(self, principal: Principal, user_id: int) -> UserRead:
        """The principal's own account, or anybody's for who may read them.

        Raises:
            UserNotFound: There is none, or it is not theirs to see.
        """
        if user_id != principal.id and not principal.may(Permission.USERS_READ):
            raise UserNotFound
        row = await self._reader.get(user_id)
        if row is None:
            raise UserNotFound
        return UserRead.model_validate(row)

    async def update_user(self, user_id: int, changes: UserUpdate | UserUpdateMe) -> UserRead:
        """The account after the changes.

        Raises:
            UserNotFound: There is none.
            InvalidInput: The policy refuses the new address.
            AlreadyExists: Somebody has the new address.
            LastAdmin: Nobody could administer afterwards.
        """
        values = changes.changes()
        if "email" in values:
            self._policy.check_email(values["email"])

        async def work(session: Session) -> UserRead:
            users = UserRepository(session)
            if {"role", "status"} & set(values):
                await self._keep_an_admin(users, user_id, values)
            user = await self._found(users, user_id)
            return UserRead.model_validate(await users.update(user, values))

        changed = await self._database.run(work)
        _log.info("user changed", subject_id=user_id, fields=sorted(values))
        return changed

    async def delete_user(self, user_id: int) -> None:
        """The account is gone for everybody.

        Raises:
            UserNotFound: There is none.
            LastAdmin: Nobody could administer afterwards.
        """

        async def work(session: Session) -> None:
            users = UserRepository(session)
            await self._keep_an_admin(users, user_id, {"status": UserStatus.INACTIVE})
            await users.remove(await self._found(users, user_id))

        await self._database.run(work)
        _log.info("user deleted", subject_id=user_id)

    async def ensure_admin(self, email: str, password: str, *, reset: bool = False) -> bool:
        """Make an administrator, unless there is one already.

        Args:
            email: The administrator's address.
            password: The password to set.
            reset: Set password, role and status of an account that exists.

        Returns:
            Whether the password is now the one given; False when there is an administrator already.

        Raises:
            AlreadyExists: There is none, but somebody else has the address.
            InvalidInput: The policy refuses the password.
        """
        self._policy.check_password(password)
        hashed = await self._passwords.hash(password)
        values = {"hashed_password": hashed, "role": UserRole.ADMIN, "status": UserStatus.ACTIVE}

        async def work(session: Session) -> bool:
            users = UserRepository(session)
            if await users.lock_active_admins() and not reset:
                return False
            user = await users.by_email(email)
            if user is not None and reset:
                await users.update(user, values)
            else:
                await users.add(User(email=email, **values))
            return True

        try:
            return await self._database.run(work)
        except AlreadyExists:
            # A replica that started at the same moment may have been quicker; then there is an administrator now.
            return await self._database.run(work)

    async def _create(self, new: UserRegister, *, role: UserRole, status: UserStatus) -> UserRead:
        password = new.password.get_secret_value()
        self._policy.check_email(new.email)
        self._policy.check_password(password)
        hashed = await self._passwords.hash(password)

        async def work(session: Session) -> UserRead:
            user = User(email=new.email, full_name=new.full_name, role=role, status=status, hashed_password=hashed)
            return UserRead.model_validate(await UserRepository(session).add(user))

        created = await self._database.run(work)
        _log.info("user created", subject_id=created.id, role=role.value)
        return created

    async def _found(self, users: UserRepository, user_id: int) -> User:
        user = await users.get(user_id, for_update=True)
        if user is None:
            raise UserNotFound
        return user

    async def _keep_an_admin(self, users: UserRepository, user_id: int, values: dict[str, Any]) -> None:
        stays = (
            values.get("role", UserRole.ADMIN) is UserRole.ADMIN
            and values.get("status", UserStatus.ACTIVE) is UserStatus.ACTIVE
        )
        # Locked before the user's own row, in the same order by everybody: two units cannot wait for each other.
        if not stays and await users.lock_active_admins() == [user_id]:
            raise LastAdmin
