"""Answers about users, kept: the same as without, and never longer than they are true."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr

from app.core.enums import UserRole
from app.core.permissions import Permission
from app.schemas.auth import LoginForm
from app.schemas.users import UserQuery, UserUpdateMe
from app.services.container import Services
from lintel.errors import PermissionDenied
from lintel.security import Client, PasswordHasher, Principal
from tests.app.conftest import ServicesFactory, add_user, principal_of, recorded
from tests.conftest import PASSWORD, Person, RunningService, SettingsFactory

pytestmark = pytest.mark.anyio

USERS = "/api/v1/users"
READER = Principal(4_711, {Permission.USERS_READ})
Change = Callable[[Person, Person], Awaitable[httpx2.Response]]


async def read(person: Person, path: str) -> tuple[int, Any, list[tuple[str, str]]]:
    """An answer without what differs each time."""
    answer = await person.client.get(path)
    changing = {"x-request-id", "x-process-time", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"}
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in changing)
    body = answer.json()
    return answer.status_code, {**body, "request_id": "", "timestamp": ""}, headers


async def rename(admin: Person, ada: Person) -> httpx2.Response:
    return await admin.client.patch(f"{USERS}/{ada.id}", json={"full_name": "Ada King"})


async def rename_me(_: Person, ada: Person) -> httpx2.Response:
    return await ada.client.patch(f"{USERS}/me", json={"full_name": "Ada King"})


async def suspend(admin: Person, ada: Person) -> httpx2.Response:
    return await admin.client.patch(f"{USERS}/{ada.id}", json={"status": "suspended"})


async def delete(admin: Person, ada: Person) -> httpx2.Response:
    return await admin.client.delete(f"{USERS}/{ada.id}")


async def delete_me(_: Person, ada: Person) -> httpx2.Response:
    return await ada.client.delete(f"{USERS}/me")


async def create(admin: Person, _: Person) -> httpx2.Response:
    return await admin.client.post(USERS, json={"email": "eve@example.com", "password": PASSWORD})


class TestHit:
    @pytest.mark.parametrize("path", [USERS, f"{USERS}?search=ada", f"{USERS}/me", f"{USERS}/{{ada}}"])
    async def test_a_second_read_only_asks_who_is_asking(
        self, service: RunningService, admin: Person, ada: Person, path: str
    ) -> None:
        path = path.format(ada=ada.id)
        first = await read(admin, path)
        with recorded(service.services.database) as seen:
            assert await read(admin, path) == first
        assert len(seen) == 1
        assert "deleted_at IS NULL" in seen[0]

    async def test_the_list_is_shared_by_all_who_may_read_it(self, service: RunningService, admin: Person) -> None:
        moderator = await service.person("mod@example.com", UserRole.MODERATOR)
        first = await read(admin, USERS)
        with recorded(service.services.database) as seen:
            assert (await read(moderator, USERS))[:2] == first[:2]
        assert len(seen) == 1

    async def test_each_query_has_an_answer_of_its_own(self, admin: Person, ada: Person, bob: Person) -> None:
        queries = ["", "?size=1", "?size=1&page=2", "?search=ada", "?search=bob", "?role=admin", "?sort_order=asc"]
        first = [await read(admin, f"{USERS}{query}") for query in queries]
        assert [await read(admin, f"{USERS}{query}") for query in queries] == first
        assert len({str(body) for _, body, _ in first}) == len(queries)


class TestMiss:
    @pytest.mark.parametrize("change", [rename, rename_me, suspend, delete, delete_me, create])
    async def test_every_change_is_seen_at_once(
        self, admin: Person, ada: Person, bob: Person, change: Change, service: RunningService
    ) -> None:
        paths = [USERS, f"{USERS}/{ada.id}", f"{USERS}/{bob.id}"]
        before = [await read(admin, path) for path in paths]
        assert (await change(admin, ada)).is_success
        after = [await read(admin, path) for path in paths]
        await service.services.cache.clear()
        assert after == [await read(admin, path) for path in paths]
        assert after[0] != before[0]
        assert after[2] == before[2]

    async def test_a_password_that_is_hashed_anew_is_a_change(self, make_services: ServicesFactory) -> None:
        services = await make_services()
        user = await add_user(services)
        before = await services.users.get_user(principal_of(user), user.id)
        better = await make_services(passwords=PasswordHasher(memory_kib=16))
        better.database.on_changed(lambda names: services.cache.invalidate(*names))
        await better.sessions.login(LoginForm(username=user.email, password=SecretStr(PASSWORD)), Client())
        assert (await services.users.get_user(principal_of(user), user.id)).updated_at > before.updated_at

    async def test_what_was_undone_changes_nothing(self, service: RunningService, admin: Person, ada: Person) -> None:
        first = await read(admin, USERS)
        taken = await admin.client.patch(f"{USERS}/{ada.id}", json={"email": "root@example.com"})
        assert taken.status_code == 409
        with recorded(service.services.database) as seen:
            assert await read(admin, USERS) == first
        assert len(seen) == 1

    async def test_who_is_not_there_is_looked_for_each_time(self, admin: Person, service: RunningService) -> None:
        for _ in range(2):
            assert (await admin.client.get(f"{USERS}/99")).status_code == 404
        created = await admin.client.post(USERS, json={"email": "eve@example.com", "password": PASSWORD})
        assert (await admin.client.get(created.headers["location"])).status_code == 200


class TestAuthorisation:
    async def test_is_never_decided_by_what_was_kept(self, admin: Person, ada: Person) -> None:
        await read(ada, f"{USERS}/me")
        await read(admin, f"{USERS}/{ada.id}")
        await suspend(admin, ada)
        assert (await ada.client.get(f"{USERS}/me")).status_code == 403
        await delete(admin, ada)
        assert (await ada.client.get(f"{USERS}/me")).status_code == 401

    async def test_a_user_does_not_find_what_an_administrator_read(
        self, admin: Person, ada: Person, bob: Person
    ) -> None:
        await read(admin, f"{USERS}/{ada.id}")
        await read(admin, USERS)
        await read(ada, f"{USERS}/{ada.id}")
        assert (await bob.client.get(f"{USERS}/{ada.id}")).status_code == 404
        assert (await bob.client.get(USERS)).status_code == 403

    async def test_who_lost_the_permission_finds_nothing_any_more(self, service: RunningService, admin: Person) -> None:
        moderator = await service.person("mod@example.com", UserRole.MODERATOR)
        assert (await moderator.client.get(USERS)).status_code == 200
        await admin.client.patch(f"{USERS}/{moderator.id}", json={"role": "user"})
        assert (await moderator.client.get(USERS)).status_code == 401
        again = await moderator.client.post(
            "/api/v1/auth/login", data={"username": moderator.user.email, "password": PASSWORD}
        )
        token = again.json()["access_token"]
        assert (await moderator.client.get(USERS, headers={"Authorization": f"Bearer {token}"})).status_code == 403

    async def test_the_service_asks_by_itself(self, services: Services) -> None:
        with pytest.raises(PermissionDenied):
            await services.users.list_users(Principal(1), UserQuery())


class TestSwitch:
    async def test_answers_are_the_same_with_caching_on_and_off(
        self, make_settings: SettingsFactory, start: Callable[..., Awaitable[RunningService]]
    ) -> None:
        on, off = await start(), await start(enable_caching=False)
        admin = await on.person("root@example.com", UserRole.ADMIN)
        ada = await on.person()
        paths = [USERS, f"{USERS}?size=1", f"{USERS}?search=x", f"{USERS}/me", f"{USERS}/{ada.id}", f"{USERS}/99"]
        other = Person(admin.user, await off.visitor(Authorization=f"Bearer {admin.token}"), admin.token)
        for path in paths:
            without = await read(other, path)
            assert [await read(admin, path) for _ in range(2)] == [without] * 2

    async def test_off_every_read_asks_the_database(self, start: Callable[..., Awaitable[RunningService]]) -> None:
        service = await start(enable_caching=False)
        admin = await service.person("root@example.com", UserRole.ADMIN)
        with recorded(service.services.database) as seen:
            for _ in range(3):
                await read(admin, USERS)
        assert len(seen) == 6

    @pytest.mark.parametrize(
        ("settings", "reads"), [({"cache_ttl_list": 1}, [2, 1]), ({"cache_ttl_item": 1}, [1, 2])], ids=["list", "item"]
    )
    async def test_each_kind_has_a_lifetime_of_its_own(
        self,
        start: Callable[..., Awaitable[RunningService]],
        monkeypatch: pytest.MonkeyPatch,
        settings: dict[str, int],
        reads: list[int],
    ) -> None:
        now = 0.0
        service = await start(**settings)
        admin = await service.person("root@example.com", UserRole.ADMIN)
        monkeypatch.setattr("cashews.backends.memory.time", SimpleNamespace(time=lambda: 1_000_000 + now))
        for path in (USERS, f"{USERS}/{admin.id}"):
            await read(admin, path)
        now = 2.0
        seen_by_path = []
        for path in (USERS, f"{USERS}/{admin.id}"):
            with recorded(service.services.database) as seen:
                await read(admin, path)
            seen_by_path.append(len(seen))
        assert seen_by_path == reads


@pytest.mark.services
class TestSeveralProcesses:
    @pytest.fixture
    async def processes(self, make_services: ServicesFactory, redis_url: str) -> AsyncIterator[list[Services]]:
        """Two, as far as one can tell: each with services of its own, on one database and one Redis."""
        shared = {"redis_url": redis_url, "app_name": f"Words {uuid4().hex}"}
        async with AsyncExitStack() as stack:
            processes = [await make_services(**shared) for _ in range(2)]
            for services in processes:
                await stack.enter_async_context(services.cache.opened())
            yield processes

    async def test_one_sees_at_once_what_the_other_changed(self, processes: list[Services]) -> None:
        one, other = processes
        user = await add_user(one)
        for services in processes:
            assert (await services.users.list_users(READER, UserQuery())).items == [user]
        for number in range(10):
            changed = await one.users.update_user(user.id, UserUpdateMe(full_name=f"Ada {number}"))
            assert await other.users.get_user(READER, user.id) == changed
            assert (await other.users.list_users(READER, UserQuery())).items == [changed]

    async def test_one_finds_what_the_other_loaded(self, processes: list[Services]) -> None:
        one, other = processes
        user = await add_user(one)
        await one.users.list_users(READER, UserQuery())
        with recorded(other.database) as seen:
            assert (await other.users.list_users(READER, UserQuery())).items == [user]
        assert seen == []
