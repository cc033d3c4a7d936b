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
        async with self._database.read() as connection:
            found = await UserReader(connection).page(query)
        return [UserRead.model_validate(row) for row in found.rows], found.total

    async def get_user(self, principal: Principal, user_id: int) -> UserRead:
        """The principal's own account, or anybody's for who may read them.

        Raises:
            UserNotFound: There is none, or it is not theirs to see.
        """
        if user_id != principal.id and not principal.may(Permission.USERS_READ):
            raise UserNotFound
        async with self._database.read() as connection:
            row = await UserReader(connection).get(user_id)
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
            user = await self._found(users, user_id)
            if values.get("role", UserRole.ADMIN) is not UserRole.ADMIN or "status" in values:
                await self._keep_an_admin(users, user, values)
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
            user = await self._found(users, user_id)
            await self._keep_an_admin(users, user, {"status": UserStatus.INACTIVE})
            await users.remove(user)

        await self._database.run(work)
        _log.info("user deleted", subject_id=user_id)

    async def ensure_admin(self, email: str, password: str, *, reset: bool = False) -> bool:
        """Make an administrator, unless there is one already.

        Args:
            email: The administrator's address.
            password: The password to set.
            reset: Set password, role and status of an account that exists.

        Returns:
            Whether the password is now the one given.
        """
        hashed = await self._passwords.hash(password)
        values = {"hashed_password": hashed, "role": UserRole.ADMIN, "status": UserStatus.ACTIVE}

        async def work(session: Session) -> bool:
            users = UserRepository(session)
            user = await users.by_email(email)
            if user is not None and reset:
                await users.update(user, values)
                return True
            if user is not None or (not reset and await users.lock_active_admins()):
                return False
            await users.add(User(email=email, **values))
            return True

        try:
            return await self._database.run(work)
        except AlreadyExists:
            return False  # a replica that started at the same moment was quicker

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

    async def _keep_an_admin(self, users: UserRepository, user: User, values: dict[str, Any]) -> None:
        stays = (
            values.get("role", user.role) is UserRole.ADMIN and values.get("status", user.status) is UserStatus.ACTIVE
        )
        if not stays and await users.lock_active_admins() == [user.id]:
            raise LastAdmin
