"""Accounts, without HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from structlog.typing import EventDict

from app.core.enums import UserRole, UserStatus
from app.core.exceptions import LastAdmin, UserNotFound, WrongCredentials
from app.core.permissions import Permission
from app.models import Job
from app.schemas.auth import LoginForm
from app.schemas.users import UserQuery, UserRead, UserRegister, UserSort, UserUpdate, UserUpdateMe
from app.services.container import Services
from lintel.api import SortOrder
from lintel.errors import AlreadyExists, InvalidInput
from lintel.security import Client, PasswordHasher, Principal
from tests.app.conftest import ServicesFactory, add_user, principal_of
from tests.conftest import PASSWORD

pytestmark = pytest.mark.anyio

NOBODY = 4_711
ADMIN_EMAIL = "root@example.com"
READER = Principal(NOBODY, {Permission.USERS_READ})
Leaving = Callable[[Services, int], Awaitable[object]]


def registration(email: str = "ada@example.com", password: str = PASSWORD, **values: Any) -> UserRegister:
    return UserRegister(email=email, password=SecretStr(password), **values)


async def delete(services: Services, user_id: int) -> None:
    await services.users.delete_user(user_id)


async def demote(services: Services, user_id: int) -> UserRead:
    return await services.users.update_user(user_id, UserUpdate(role=UserRole.USER))


async def suspend(services: Services, user_id: int) -> UserRead:
    return await services.users.update_user(user_id, UserUpdate(status=UserStatus.SUSPENDED))


async def deactivate(services: Services, user_id: int) -> UserRead:
    return await services.users.update_user(user_id, UserUpdate(is_active=False))


LEAVINGS = [delete, demote, suspend, deactivate]


async def active_admins(services: Services) -> list[str]:
    query = UserQuery(role=UserRole.ADMIN, status=UserStatus.ACTIVE)
    users = (await services.users.list_users(READER, query)).items
    return [user.email for user in users]


async def can_sign_in(services: Services, email: str, password: str) -> bool:
    try:
        await services.sessions.login(LoginForm(username=email, password=SecretStr(password)), Client())
    except WrongCredentials:
        return False
    return True


class TestCreateUser:
    @pytest.mark.parametrize("role", UserRole)
    @pytest.mark.parametrize("status", UserStatus)
    async def test_makes_an_account_of_any_role_and_status(
        self, services: Services, role: UserRole, status: UserStatus
    ) -> None:
        user = await add_user(services, role=role, status=status)
        assert (user.role, user.status, user.is_active) == (role, status, status is UserStatus.ACTIVE)

    async def test_works_where_registration_is_closed(self, make_services: ServicesFactory) -> None:
        services = await make_services(registration="closed")
        assert (await add_user(services)).id > 0

    async def test_minds_the_domain_as_well(self, make_services: ServicesFactory) -> None:
        services = await make_services(email_blocked_domains=["example.com"])
        with pytest.raises(InvalidInput):
            await add_user(services)


class TestGetUser:
    @pytest.mark.parametrize(
        ("role", "may"), [(UserRole.USER, False), (UserRole.MODERATOR, True), (UserRole.ADMIN, True)]
    )
    async def test_reads_others_with_permission_only(self, services: Services, role: UserRole, *, may: bool) -> None:
        ada, reader = await add_user(services), await add_user(services, "reader@example.com", role)
        assert (await services.users.get_user(principal_of(reader), reader.id)).email == "reader@example.com"
        if may:
            assert await services.users.get_user(principal_of(reader), ada.id) == ada
            return
        with pytest.raises(UserNotFound):
            await services.users.get_user(principal_of(reader), ada.id)

    async def test_does_not_find_who_is_missing_or_gone(self, services: Services) -> None:
        admin, ada = await add_user(services, ADMIN_EMAIL, UserRole.ADMIN), await add_user(services)
        await delete(services, ada.id)
        for user_id in (NOBODY, ada.id):
            with pytest.raises(UserNotFound):
                await services.users.get_user(principal_of(admin), user_id)


class TestUpdateUser:
    async def test_changes_what_is_named_and_nothing_else(self, services: Services) -> None:
        ada = await add_user(services, full_name="Ada")
        changed = await services.users.update_user(ada.id, UserUpdate(email="King@Example.com"))
        assert (changed.email, changed.full_name, changed.role) == ("king@example.com", "Ada", "user")
        assert changed.updated_at > ada.updated_at
        assert changed.created_at == ada.created_at

    async def test_refuses_an_address_that_somebody_has(self, services: Services) -> None:
        ada, bob = await add_user(services), await add_user(services, "bob@example.com")
        with pytest.raises(AlreadyExists, match="already exists"):
            await services.users.update_user(bob.id, UserUpdate(email=ada.email))
        assert (await services.users.update_user(bob.id, UserUpdate(email=bob.email))).email == bob.email

    async def test_minds_the_domain_of_a_new_address(self, make_services: ServicesFactory) -> None:
        services = await make_services(email_blocked_domains=["blocked.example"])
        ada = await add_user(services)
        with pytest.raises(InvalidInput):
            await services.users.update_user(ada.id, UserUpdate(email="ada@blocked.example"))

    @pytest.mark.parametrize("changes", [UserUpdateMe(full_name="X"), UserUpdate(role=UserRole.ADMIN)])
    async def test_does_not_find_who_is_missing_or_gone(self, services: Services, changes: UserUpdateMe) -> None:
        ada = await add_user(services)
        await delete(services, ada.id)
        for user_id in (NOBODY, ada.id):
            with pytest.raises(UserNotFound):
                await services.users.update_user(user_id, changes)

    async def test_is_logged_by_the_names_of_the_fields_alone(
        self, services: Services, log_records: list[EventDict]
    ) -> None:
        ada = await add_user(services)
        await services.users.update_user(ada.id, UserUpdate(full_name="Secret Name", is_active=False))
        [record] = [record for record in log_records if record["event"] == "user changed"]
        assert (record["subject_id"], record["fields"]) == (ada.id, ["full_name", "status"])
        assert "Secret Name" not in str(log_records)


class TestDeleteUser:
    async def test_frees_the_address(self, services: Services) -> None:
        ada = await add_user(services)
        await delete(services, ada.id)
        again = await add_user(services)
        assert again.id > ada.id
        assert [user.id for user in (await services.users.list_users(READER, UserQuery())).items] == [again.id]

    async def test_can_be_repeated_for_the_same_address(self, services: Services) -> None:
        for _ in range(3):
            await delete(services, (await add_user(services)).id)
        assert (await services.users.list_users(READER, UserQuery())).total == 0

    async def test_ends_signing_in(self, services: Services) -> None:
        ada = await add_user(services)
        await delete(services, ada.id)
        assert not await can_sign_in(services, ada.email, PASSWORD)

    async def test_of_who_is_gone_finds_nobody(self, services: Services) -> None:
        ada = await add_user(services)
        await delete(services, ada.id)
        with pytest.raises(UserNotFound):
            await delete(services, ada.id)


class TestLastAdmin:
    @pytest.mark.parametrize("leave", LEAVINGS)
    async def test_stays(self, services: Services, leave: Leaving) -> None:
        admin = await add_user(services, ADMIN_EMAIL, UserRole.ADMIN)
        await add_user(services)
        with pytest.raises(LastAdmin):
            await leave(services, admin.id)
        assert await active_admins(services) == [ADMIN_EMAIL]

    @pytest.mark.parametrize("leave", LEAVINGS)
    async def test_is_not_who_has_another_beside_them(self, services: Services, leave: Leaving) -> None:
        admin = await add_user(services, ADMIN_EMAIL, UserRole.ADMIN)
        await add_user(services, "second@example.com", UserRole.ADMIN)
        await leave(services, admin.id)
        assert await active_admins(services) == ["second@example.com"]

    @pytest.mark.parametrize("leave", LEAVINGS)
    @pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.SUSPENDED, UserStatus.PENDING_VERIFICATION])
    async def test_is_who_has_only_inactive_ones_beside_them(
        self, services: Services, leave: Leaving, status: UserStatus
    ) -> None:
        admin = await add_user(services, ADMIN_EMAIL, UserRole.ADMIN)
        await add_user(services, "second@example.com", UserRole.ADMIN, status=status)
        with pytest.raises(LastAdmin):
            await leave(services, admin.id)

    @pytest.mark.parametrize("leave", LEAVINGS)
    async def test_is_not_an_inactive_one(self, services: Services, leave: Leaving) -> None:
        inactive = await add_user(services, ADMIN_EMAIL, UserRole.ADMIN, status=UserStatus.INACTIVE)
        await add_user(services, "second@example.com", UserRole.ADMIN)
        await leave(services, inactive.id)
        assert await active_admins(services) == ["second@example.com"]

    @pytest.mark.parametrize(
        "changes",
        [{"full_name": "X"}, {"email": "new@example.com"}, {"role": UserRole.ADMIN}, {"status": UserStatus.ACTIVE}],
    )
    async def test_may_change_everything_else(self, services: Services, changes: dict[str, Any]) -> None:
        admin = await add_user(services, ADMIN_EMAIL, UserRole.ADMIN)
        changed = await services.users.update_user(admin.id, UserUpdate(**changes))
        assert (changed.role, changed.is_active) == (UserRole.ADMIN, True)

    @pytest.mark.parametrize(
        ("first", "second"), [(delete, delete), (demote, demote), (delete, demote), (suspend, deactivate)]
    )
    async def test_is_left_when_two_leave_at_the_same_time(
        self, services: Services, first: Leaving, second: Leaving
    ) -> None:
        one = await add_user(services, ADMIN_EMAIL, UserRole.ADMIN)
        other = await add_user(services, "second@example.com", UserRole.ADMIN)
        ends = await asyncio.gather(first(services, one.id), second(services, other.id), return_exceptions=True)
        assert sum(isinstance(end, LastAdmin) for end in ends) == 1
        assert len(await active_admins(services)) == 1

    async def test_is_left_when_all_leave_at_the_same_time(self, services: Services) -> None:
        admins = [await add_user(services, f"admin{number}@example.com", UserRole.ADMIN) for number in range(4)]
        ends = await asyncio.gather(*(delete(services, admin.id) for admin in admins), return_exceptions=True)
        assert sum(isinstance(end, LastAdmin) for end in ends) == 1
        assert len(await active_admins(services)) == 1


class TestListUsers:
    @pytest.mark.parametrize(
        ("search", "expected"),
        [
            ("ada", ["ada_k@example.com"]),
            ("ADA_", ["ada_k@example.com"]),
            ("_", ["ada_k@example.com"]),
            ("%", ["bob@example.com"]),
            ("100%", ["bob@example.com"]),
            ("100 %", []),
            ("/", ["eve@example.com"]),
            ("example.com", ["ada_k@example.com", "bob@example.com", "eve@example.com"]),
            ("'; --", []),
            ("\\", []),
        ],
    )
    async def test_searches_literally_in_address_and_name(
        self, services: Services, search: str, expected: list[str]
    ) -> None:
        for email, name in [("ada_k@example.com", "Ada"), ("bob@example.com", "Bob 100%"), ("eve@example.com", "E/e")]:
            await add_user(services, email, full_name=name)
        query = UserQuery(search=search, sort_by=UserSort.EMAIL, sort_order=SortOrder.ASC)
        page = await services.users.list_users(READER, query)
        assert ([user.email for user in page.items], page.total) == (expected, len(expected))

    @pytest.mark.parametrize("search", ["école", "STRASSE", "日本", "😀"])
    async def test_searches_any_alphabet(self, services: Services, search: str) -> None:
        await add_user(services, full_name="école Strasse 日本 😀")
        await add_user(services, "bob@example.com", full_name="ecole")
        assert (await services.users.list_users(READER, UserQuery(search=search))).total == 1


class TestEnsureAdmin:
    async def test_makes_one_where_there_is_none(self, services: Services) -> None:
        assert await services.users.ensure_admin(ADMIN_EMAIL, PASSWORD)
        assert await active_admins(services) == [ADMIN_EMAIL]
        assert await can_sign_in(services, ADMIN_EMAIL, PASSWORD)

    @pytest.mark.parametrize("email", [ADMIN_EMAIL, "another@example.com"])
    async def test_does_nothing_where_there_is_one(self, services: Services, email: str) -> None:
        await add_user(services, ADMIN_EMAIL, UserRole.ADMIN)
        assert not await services.users.ensure_admin(email, "Different1815")
        assert await active_admins(services) == [ADMIN_EMAIL]
        assert not await can_sign_in(services, email, "Different1815")

    async def test_leaves_a_user_who_has_the_address_and_says_so(self, services: Services) -> None:
        user = await add_user(services, ADMIN_EMAIL)
        with pytest.raises(AlreadyExists):
            await services.users.ensure_admin(ADMIN_EMAIL, "Different1815")
        assert await active_admins(services) == []
        assert await can_sign_in(services, user.email, PASSWORD)

    @pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.SUSPENDED])
    async def test_makes_one_where_all_are_inactive(self, services: Services, status: UserStatus) -> None:
        await add_user(services, "former@example.com", UserRole.ADMIN, status=status)
        assert await services.users.ensure_admin(ADMIN_EMAIL, PASSWORD)
        assert await active_admins(services) == [ADMIN_EMAIL]

    @pytest.mark.parametrize("role", UserRole)
    @pytest.mark.parametrize("status", [UserStatus.ACTIVE, UserStatus.SUSPENDED])
    async def test_with_reset_sets_password_role_and_status_of_an_account(
        self, services: Services, role: UserRole, status: UserStatus
    ) -> None:
        await add_user(services, ADMIN_EMAIL, role, status=status)
        assert await services.users.ensure_admin(ADMIN_EMAIL, "Different1815", reset=True)
        assert await active_admins(services) == [ADMIN_EMAIL]
        assert await can_sign_in(services, ADMIN_EMAIL, "Different1815")
        assert not await can_sign_in(services, ADMIN_EMAIL, PASSWORD)
        [job] = await services.database.fetch_all(select(Job.payload))
        assert job["payload"]["template"] == "password_changed"

    async def test_with_reset_makes_the_account_where_there_is_none(self, services: Services) -> None:
        await add_user(services, "another@example.com", UserRole.ADMIN)
        assert await services.users.ensure_admin(ADMIN_EMAIL, PASSWORD, reset=True)
        assert sorted(await active_admins(services)) == ["another@example.com", ADMIN_EMAIL]

    async def test_takes_the_address_of_somebody_who_left(self, services: Services) -> None:
        await delete(services, (await add_user(services, ADMIN_EMAIL)).id)
        assert await services.users.ensure_admin(ADMIN_EMAIL, PASSWORD)

    async def test_costs_a_hash_and_the_stored_one_is_real(
        self, make_services: ServicesFactory, cheap_passwords: PasswordHasher
    ) -> None:
        services = await make_services(passwords=cheap_passwords)
        await services.users.ensure_admin(ADMIN_EMAIL, PASSWORD)
        async with services.database.read() as connection:
            stored = (await connection.execute(text("SELECT hashed_password FROM users"))).scalar_one()
        assert await cheap_passwords.verify(PASSWORD, stored) == (True, None)

    async def test_by_two_processes_at_once_makes_one(self, services: Services) -> None:
        ends = await asyncio.gather(
            *(services.users.ensure_admin(ADMIN_EMAIL, PASSWORD) for _ in range(4)), return_exceptions=True
        )
        assert await active_admins(services) == [ADMIN_EMAIL]
        assert sorted(map(str, ends)) == ["False", "False", "False", "True"]
