"""Many accounts at once, without HTTP."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from app.core.enums import UserRole, UserStatus
from app.models import Job
from app.schemas.users import UserCreate, UserQuery, UserRead, UserUpdate
from app.services.container import Services
from lintel.api import BulkChange, ItemsRefused
from lintel.errors import Unavailable
from lintel.pubsub import Message
from lintel.security import PasswordHasher
from tests.app.conftest import ServicesFactory, add_user, principal_of
from tests.conftest import PASSWORD

pytestmark = pytest.mark.anyio

NOBODY = 4_711


@pytest.fixture
async def root(services: Services) -> UserRead:
    return await add_user(services, "root@example.com", UserRole.ADMIN)


def account(name: str, **values: Any) -> UserCreate:
    return UserCreate(email=f"{name}@example.com", password=SecretStr(PASSWORD), **values)


def change(user_id: int, **values: Any) -> BulkChange[UserUpdate]:
    return BulkChange[UserUpdate](id=user_id, changes=UserUpdate(**values))


async def jobs(services: Services) -> list[tuple[str, dict[str, Any]]]:
    async with services.database.read() as connection:
        return [(kind, payload) for kind, payload in await connection.execute(select(Job.kind, Job.payload))]


async def news(services: Services, user_id: int, doing: Any) -> list[object]:
    """What is told of an account while something is done, up to the first."""
    async with services.pubsub.subscribe(f"user:{user_id}") as heard:
        await doing
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                message = await anext(heard)
                return [message.data] if isinstance(message, Message) else []
    return []


class TestCreateUsers:
    async def test_mails_go_to_those_who_have_an_account_now(self, services: Services, root: UserRead) -> None:
        sent = [account("ada"), account("root"), account("bob", status=UserStatus.PENDING_VERIFICATION)]
        ada, _, bob = (await services.bulk_users.create_users(sent, by=principal_of(root))).items
        told = [(kind, payload["user_id"]) for kind, payload in await jobs(services)]
        assert sorted(told) == [("mails.send", ada.id), ("mails.send", bob.id), ("mails.token", bob.id)]

    async def test_passwords_are_hashed_one_after_another(
        self, make_services: ServicesFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hasher, at_once, most = PasswordHasher(memory_kib=8), 0, 0
        services = await make_services(passwords=hasher)
        hash_one = hasher.hash

        async def counted(password: str) -> str:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0)
            hashed = await hash_one(password)
            at_once -= 1
            return hashed

        root = await add_user(services, "root@example.com", UserRole.ADMIN)
        monkeypatch.setattr(hasher, "hash", counted)
        sent = [account(f"user{number}") for number in range(5)]
        assert (await services.bulk_users.create_users(sent, by=principal_of(root))).succeeded == 5
        assert most == 1

    async def test_is_refused_as_a_whole_where_too_many_hashes_wait(
        self, services: Services, root: UserRead, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def busy(*_: object) -> str:
            raise Unavailable

        monkeypatch.setattr(PasswordHasher, "hash", busy)
        with pytest.raises(Unavailable):
            await services.bulk_users.create_users([account("ada")], by=principal_of(root))

    async def test_no_password_is_hashed_for_what_is_refused_already(
        self, make_services: ServicesFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        services = await make_services(email_blocked_domains=["blocked.example"])
        root = await add_user(services, "root@example.com", UserRole.ADMIN)

        async def never(*_: object) -> str:
            raise AssertionError

        monkeypatch.setattr(PasswordHasher, "hash", never)
        blocked = UserCreate(email="ada@blocked.example", password=SecretStr(PASSWORD))
        [item] = (await services.bulk_users.create_users([blocked], by=principal_of(root))).items
        assert item.problem is not None
        assert [error.pointer for error in item.problem.errors] == ["/body/items/0/email"]


class TestUpdateUsers:
    async def test_everybody_who_was_changed_hears_of_it(self, services: Services, root: UserRead) -> None:
        ada = await add_user(services)
        doing = services.bulk_users.update_users([change(ada.id, full_name="Ada")], by=principal_of(root))
        assert await news(services, ada.id, doing) == [{"event": "account.changed"}]

    async def test_an_address_before_is_told_of_another_one(self, services: Services, root: UserRead) -> None:
        ada = await add_user(services)
        await services.bulk_users.update_users([change(ada.id, email="new@example.com")], by=principal_of(root))
        [(kind, payload)] = await jobs(services)
        assert (kind, payload["template"], payload["address"]) == ("mails.send", "email_changed", ada.email)

    async def test_nobody_is_told_of_what_was_undone(self, services: Services, root: UserRead) -> None:
        ada = await add_user(services)
        changes = [change(ada.id, email="new@example.com"), change(NOBODY, full_name="X")]
        with pytest.raises(ItemsRefused):
            await services.bulk_users.update_users(changes, by=principal_of(root), atomic=True)
        assert await jobs(services) == []

    async def test_an_address_of_a_blocked_domain_is_named(self, make_services: ServicesFactory) -> None:
        services = await make_services(email_blocked_domains=["blocked.example"])
        root = await add_user(services, "root@example.com", UserRole.ADMIN)
        ada = await add_user(services)
        changes = [change(ada.id, email="ada@blocked.example")]
        [item] = (await services.bulk_users.update_users(changes, by=principal_of(root))).items
        assert item.problem is not None
        assert [error.pointer for error in item.problem.errors] == ["/body/items/0/changes/email"]


class TestDeleteUsers:
    async def test_files_of_those_who_left_are_erased(self, services: Services, root: UserRead) -> None:
        ada = await add_user(services)
        await services.bulk_users.delete_users([ada.id, NOBODY], by=principal_of(root))
        assert await jobs(services) == [("users.erase_files", {"user_id": ada.id})]

    async def test_everybody_who_was_deleted_hears_of_it(self, services: Services, root: UserRead) -> None:
        ada = await add_user(services)
        doing = services.bulk_users.delete_users([ada.id], by=principal_of(root))
        assert await news(services, ada.id, doing) == [{"event": "account.deleted"}]


class TestLastAdmin:
    async def test_is_left_when_all_remove_all_at_the_same_time(self, services: Services, root: UserRead) -> None:
        ids = [root.id, *[(await add_user(services, f"a{n}@example.com", UserRole.ADMIN)).id for n in range(3)]]
        demoted = [change(user_id, role=UserRole.USER) for user_id in ids]
        by = principal_of(root)
        ends = await asyncio.gather(
            services.bulk_users.update_users(demoted, by=by),
            services.bulk_users.update_users(demoted[::-1], by=by),
            services.bulk_users.delete_users(ids[::-1], by=by),
            services.users.update_user(ids[1], UserUpdate(role=UserRole.USER), by=by),
            return_exceptions=True,
        )
        assert not [end for end in ends[:3] if isinstance(end, BaseException)]
        query = UserQuery(role=UserRole.ADMIN, status=UserStatus.ACTIVE)
        assert (await services.users.list_users(by, query)).total == 1
