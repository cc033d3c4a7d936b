"""Accounts over HTTP."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.core.enums import UserRole, UserStatus
from app.schemas.users import UserUpdate
from lintel.db import Database
from tests.app.conftest import Statements, add_user, assert_problem
from tests.conftest import PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

USERS = "/api/v1/users"
ME = f"{USERS}/me"
NOBODY = 4_711
NEW = {"email": "new@example.com", "password": PASSWORD}
GUARDED = [
    ("GET", ME, None),
    ("PATCH", ME, {"full_name": "X"}),
    ("DELETE", ME, None),
    ("GET", USERS, None),
    ("POST", USERS, NEW),
    ("GET", f"{USERS}/1", None),
    ("PATCH", f"{USERS}/1", {"full_name": "X"}),
    ("DELETE", f"{USERS}/1", None),
]


@pytest.fixture
async def moderator(service: RunningService) -> Person:
    return await service.person("moderator@example.com", UserRole.MODERATOR)


async def ask(client: httpx2.AsyncClient, method: str, path: str, body: object = None) -> httpx2.Response:
    return await client.request(method, path, json=body)


@pytest.mark.parametrize(("method", "path", "body"), GUARDED)
class TestEveryOperation:
    async def test_is_closed_to_strangers(
        self, visitor: httpx2.AsyncClient, method: str, path: str, body: object
    ) -> None:
        answer = await ask(visitor, method, path, body)
        assert_problem(answer, 401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"

    async def test_is_closed_to_who_was_deactivated_with_a_live_token(
        self, service: RunningService, admin: Person, ada: Person, method: str, path: str, body: object
    ) -> None:
        await service.services.users.update_user(ada.id, UserUpdate(status=UserStatus.SUSPENDED))
        assert_problem(await ask(ada.client, method, path, body), 403, "INACTIVE_USER")

    async def test_is_closed_to_who_left_with_a_live_token(
        self, service: RunningService, admin: Person, ada: Person, method: str, path: str, body: object
    ) -> None:
        await service.services.users.delete_user(ada.id)
        assert_problem(await ask(ada.client, method, path, body), 401, "UNAUTHENTICATED")

    async def test_never_answers_with_a_hash(self, admin: Person, method: str, path: str, body: object) -> None:
        answer = await ask(admin.client, method, path, body)
        assert answer.status_code in {200, 201, 204, 409}
        assert ("hashed_password" in answer.text, "argon2" in answer.text) == (False, False)

    async def test_answers_at_its_slashed_twin(self, admin: Person, method: str, path: str, body: object) -> None:
        answer = await ask(admin.client, method, f"{path}/", body)
        assert answer.status_code in {200, 201, 204, 409}
        assert "location" not in answer.headers or answer.status_code == 201


class TestReadMe:
    async def test_answers_with_the_callers_account(self, ada: Person) -> None:
        answer = await ada.client.get(ME)
        assert (answer.status_code, answer.json()) == (200, ada.user.model_dump(mode="json"))

    async def test_takes_two_statements(self, ada: Person, statements: Statements) -> None:
        with statements() as seen:
            await ada.client.get(ME)
        assert len(seen) == 2

    async def test_answers_head_without_a_body(self, ada: Person) -> None:
        answer = await ada.client.head(ME)
        assert (answer.status_code, answer.content) == (200, b"")

    async def test_takes_no_parameters(self, ada: Person) -> None:
        assert_problem(await ada.client.get(ME, params={"id": 2}), 422, "VALIDATION_ERROR", "/query/id")


class TestUpdateMe:
    @pytest.mark.parametrize("name", ["Ada King", None])
    async def test_changes_the_name(self, ada: Person, name: str | None) -> None:
        answer = await ada.client.patch(ME, json={"full_name": name})
        assert (answer.status_code, answer.json()["full_name"]) == (200, name)
        assert (await ada.client.get(ME)).json() == answer.json()

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/body"),
            ({"full_name": ""}, "/body/full_name"),
            ({"full_name": "x" * 101}, "/body/full_name"),
            ({"role": "admin"}, "/body/role"),
            ({"status": "active"}, "/body/status"),
            ({"is_active": True}, "/body/is_active"),
            ({"email": "new@example.com"}, "/body/email"),
            ({"password": "Bernoulli1844"}, "/body/password"),
        ],
    )
    async def test_changes_nothing_else(self, ada: Person, body: dict[str, Any], pointer: str) -> None:
        assert_problem(await ada.client.patch(ME, json=body), 422, "VALIDATION_ERROR", pointer)
        assert (await ada.client.get(ME)).json() == ada.user.model_dump(mode="json")


class TestDeleteMe:
    async def test_ends_the_account_and_its_tokens(self, ada: Person, visitor: httpx2.AsyncClient) -> None:
        answer = await ada.client.delete(ME)
        assert (answer.status_code, answer.content) == (204, b"")
        assert_problem(await ada.client.delete(ME), 401, "UNAUTHENTICATED")
        login = await visitor.post("/api/v1/auth/login", data={"username": ada.user.email, "password": PASSWORD})
        assert_problem(login, 401, "WRONG_CREDENTIALS")

    async def test_is_refused_to_the_last_administrator(self, admin: Person) -> None:
        assert_problem(await admin.client.delete(ME), 409, "LAST_ADMIN")
        assert (await admin.client.get(ME)).status_code == 200

    async def test_frees_the_address(self, ada: Person, visitor: httpx2.AsyncClient) -> None:
        await ada.client.delete(ME)
        answer = await visitor.post("/api/v1/auth/register", json={"email": ada.user.email, "password": PASSWORD})
        assert (answer.status_code, answer.json()["id"] > ada.id) == (201, True)


class TestListUsers:
    async def test_is_for_administrators_and_moderators(self, admin: Person, moderator: Person, ada: Person) -> None:
        for reader in (admin, moderator):
            assert (await reader.client.get(USERS)).json()["total"] == 3
        assert_problem(await ada.client.get(USERS), 403, "FORBIDDEN")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"role": "user"}, {"ada@example.com", "bob@example.com"}),
            ({"role": "moderator"}, set()),
            ({"status": "suspended"}, {"bob@example.com"}),
            ({"role": "user", "status": "active"}, {"ada@example.com"}),
            ({"role": "admin", "search": "root"}, {"root@example.com"}),
        ],
    )
    async def test_filters(
        self, service: RunningService, admin: Person, ada: Person, query: dict[str, str], expected: set[str]
    ) -> None:
        await add_user(service.services, "bob@example.com", status=UserStatus.SUSPENDED)
        body = (await admin.client.get(USERS, params=query)).json()
        assert {user["email"] for user in body["items"]} == expected
        assert body["total"] == len(expected)

    @pytest.mark.parametrize(
        ("search", "expected"),
        [
            ("ROOT", {"root@example.com"}),
            ("100%", {"percent@example.com"}),
            ("%", {"percent@example.com"}),
            ("_", {"under_score@example.com"}),
            ("a_b", set()),
            ("\\", set()),
            ("  root  ", {"root@example.com"}),
            ("ä & ö", {"umlaut@example.com"}),
        ],
    )
    async def test_searches_literally(
        self, service: RunningService, admin: Person, search: str, expected: set[str]
    ) -> None:
        for email, name in [("percent", "100% sure"), ("under_score", "aXb"), ("umlaut", "ä & ö")]:
            await add_user(service.services, f"{email}@example.com", full_name=name)
        answer = await admin.client.get(USERS, params={"search": search})
        assert {user["email"] for user in answer.json()["items"]} == expected

    async def test_keeps_an_awkward_search_in_its_links(self, service: RunningService, admin: Person) -> None:
        for number in range(3):
            await add_user(service.services, f"p{number}@example.com", full_name="50% ä&ö=+#")
        answer = await admin.client.get(USERS, params={"search": "50% ä&ö=+#", "size": 2})
        assert answer.json()["total"] == 3
        following = await admin.client.get(answer.json()["links"]["next"])
        assert (following.json()["total"], len(following.json()["items"])) == (3, 1)

    @pytest.mark.parametrize(
        "query", [{"search": ""}, {"search": "x" * 101}, {"search": "a\0b"}], ids=["empty", "long", "nul"]
    )
    async def test_refuses_a_search_that_is_not_valid(self, admin: Person, query: dict[str, str]) -> None:
        assert_problem(await admin.client.get(USERS, params=query), 422, "VALIDATION_ERROR", "/query/search")

    async def test_does_not_show_who_left(self, service: RunningService, admin: Person, ada: Person) -> None:
        await service.services.users.delete_user(ada.id)
        body = (await admin.client.get(USERS)).json()
        assert ([user["id"] for user in body["items"]], body["total"]) == ([admin.id], 1)


class TestCreateUser:
    @pytest.mark.parametrize("role", UserRole)
    async def test_makes_an_account_of_any_role_and_says_where(self, admin: Person, role: UserRole) -> None:
        answer = await admin.client.post(USERS, json={**NEW, "role": role, "status": "inactive"})
        assert answer.status_code == 201, answer.text
        assert (answer.json()["role"], answer.json()["is_active"]) == (role, False)
        assert answer.headers["location"] == f"{USERS}/{answer.json()['id']}"
        assert (await admin.client.get(answer.headers["location"])).json() == answer.json()

    async def test_makes_one_account_for_one_idempotency_key(self, admin: Person) -> None:
        key = {"Idempotency-Key": "ada-1"}
        first, again = [await admin.client.post(USERS, json=NEW, headers=key) for _ in range(2)]
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])
        other = await admin.client.post(USERS, json={**NEW, "email": "other@example.com"}, headers=key)
        assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED", "/header/Idempotency-Key")

    async def test_is_committed_when_it_answers(self, service: RunningService, admin: Person) -> None:
        another_process = Database(service.app.state.settings)
        async with another_process.opened():
            answer = await admin.client.post(USERS, json=NEW)
            async with another_process.read() as connection:
                ids = (await connection.execute(text("SELECT id FROM users ORDER BY id"))).scalars().all()
        assert ids == [admin.id, answer.json()["id"]]

    async def test_is_for_administrators(self, moderator: Person, ada: Person) -> None:
        for person in (moderator, ada):
            assert_problem(await person.client.post(USERS, json=NEW), 403, "FORBIDDEN")

    async def test_refuses_an_address_that_somebody_has(self, admin: Person, ada: Person) -> None:
        answer = await admin.client.post(USERS, json={**NEW, "email": "Ada@Example.com"})
        assert_problem(answer, 409, "ALREADY_EXISTS")
        assert "already exists" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"role": "king"}, "/body/role"),
            ({"status": None}, "/body/status"),
            ({"is_active": True}, "/body/is_active"),
        ],
    )
    async def test_refuses_what_is_not_valid(self, admin: Person, change: dict[str, Any], pointer: str) -> None:
        assert_problem(await admin.client.post(USERS, json={**NEW, **change}), 422, "VALIDATION_ERROR", pointer)


class TestReadUser:
    async def test_is_for_the_owner_and_who_may_read_everybody(
        self, admin: Person, moderator: Person, ada: Person, bob: Person
    ) -> None:
        for reader in (admin, moderator, ada):
            answer = await reader.client.get(f"{USERS}/{ada.id}")
            assert (answer.status_code, answer.json()) == (200, ada.user.model_dump(mode="json"))
        assert_problem(await bob.client.get(f"{USERS}/{ada.id}"), 404, "USER_NOT_FOUND")

    async def test_takes_two_statements(self, admin: Person, ada: Person, statements: Statements) -> None:
        with statements() as seen:
            await admin.client.get(f"{USERS}/{ada.id}")
        assert len(seen) == 2

    async def test_does_not_find_who_is_missing_or_gone(
        self, service: RunningService, admin: Person, ada: Person
    ) -> None:
        await service.services.users.delete_user(ada.id)
        for user_id in (ada.id, NOBODY, 2**63 - 1):
            assert_problem(await admin.client.get(f"{USERS}/{user_id}"), 404, "USER_NOT_FOUND")

    @pytest.mark.parametrize("user_id", ["0", "-1", "-x", "1.5", str(2**63)])
    async def test_refuses_what_is_no_number_of_a_user(self, admin: Person, user_id: str) -> None:
        answer = await admin.client.get(f"{USERS}/{user_id}")
        assert_problem(answer, 422, "VALIDATION_ERROR", "/path/user_id")


class TestUpdateUser:
    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"full_name": "X"}, {"full_name": "X", "name": "X"}),
            ({"full_name": None}, {"full_name": None, "name": None}),
            ({"email": "New@Example.com"}, {"email": "new@example.com"}),
            ({"role": "moderator"}, {"role": "moderator"}),
            ({"status": "suspended"}, {"status": "suspended", "is_active": False}),
            ({"is_active": False}, {"status": "inactive", "is_active": False}),
            ({"is_active": True}, {"status": "active", "is_active": True}),
        ],
    )
    async def test_changes_what_is_given_and_nothing_else(
        self, admin: Person, ada: Person, changes: dict[str, Any], expected: dict[str, Any]
    ) -> None:
        answer = await admin.client.patch(f"{USERS}/{ada.id}", json=changes)
        body = answer.json()
        assert answer.status_code == 200, answer.text
        assert body.pop("updated_at") > ada.user.model_dump(mode="json")["updated_at"] or changes == {"is_active": True}
        was_verified = ada.user.model_dump(mode="json")["email_verified_at"]
        assert (body.pop("email_verified_at") > was_verified) == ("email" in changes)
        assert body.pop("version") == (1 if changes == {"is_active": True} else 2)
        assert (
            body == ada.user.model_dump(mode="json", exclude={"updated_at", "email_verified_at", "version"}) | expected
        )

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/body"),
            ({"email": None}, "/body/email"),
            ({"role": None}, "/body/role"),
            ({"status": None}, "/body/status"),
            ({"is_active": None}, "/body/is_active"),
            ({"is_active": True, "status": "active"}, "/body"),
            ({"password": "Bernoulli1844"}, "/body/password"),
            ({"id": 5}, "/body/id"),
        ],
    )
    async def test_refuses_what_is_not_valid(
        self, admin: Person, ada: Person, body: dict[str, Any], pointer: str
    ) -> None:
        answer = await admin.client.patch(f"{USERS}/{ada.id}", json=body)
        assert_problem(answer, 422, "VALIDATION_ERROR", pointer)

    async def test_is_for_administrators(self, moderator: Person, ada: Person) -> None:
        for person in (moderator, ada):
            answer = await person.client.patch(f"{USERS}/{ada.id}", json={"full_name": "X"})
            assert_problem(answer, 403, "FORBIDDEN")

    async def test_does_not_find_nobody(self, admin: Person) -> None:
        answer = await admin.client.patch(f"{USERS}/{NOBODY}", json={"full_name": "X"})
        assert_problem(answer, 404, "USER_NOT_FOUND")

    async def test_refuses_an_address_that_somebody_has(self, admin: Person, ada: Person) -> None:
        answer = await admin.client.patch(f"{USERS}/{ada.id}", json={"email": admin.user.email})
        assert_problem(answer, 409, "ALREADY_EXISTS")

    @pytest.mark.parametrize("changes", [{"role": "user"}, {"status": "inactive"}, {"is_active": False}])
    async def test_keeps_the_last_administrator(self, admin: Person, changes: dict[str, Any]) -> None:
        answer = await admin.client.patch(f"{USERS}/{admin.id}", json=changes)
        assert_problem(answer, 409, "LAST_ADMIN")

    async def test_leaves_an_administrator_when_all_demote_each_other_at_once(
        self, service: RunningService, admin: Person
    ) -> None:
        """Row 84: each of three demotes the next one, at the same moment."""
        others = [await service.person(f"admin{number}@example.com", UserRole.ADMIN) for number in range(2)]
        admins = [admin, *others]
        pairs = zip(admins, [*others, admin], strict=True)
        answers = await asyncio.gather(
            *(one.client.patch(f"{USERS}/{other.id}", json={"role": "user"}) for one, other in pairs)
        )
        # Who was demoted before they were heard may not demote anybody.
        assert {answer.status_code for answer in answers} <= {200, 401, 409}
        left = [person for person in admins if (await person.client.get(USERS)).status_code == 200]
        assert len(left) >= 1
        listed = await left[0].client.get(USERS, params={"role": "admin", "status": "active"})
        assert [item["id"] for item in listed.json()["items"]] == [person.id for person in left]


class TestDeleteUser:
    async def test_ends_the_account_once(self, admin: Person, ada: Person) -> None:
        answer = await admin.client.delete(f"{USERS}/{ada.id}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert_problem(await admin.client.delete(f"{USERS}/{ada.id}"), 404, "USER_NOT_FOUND")
        assert_problem(await ada.client.get(ME), 401, "UNAUTHENTICATED")

    async def test_is_for_administrators(self, moderator: Person, ada: Person) -> None:
        for person in (moderator, ada):
            assert_problem(await person.client.delete(f"{USERS}/{ada.id}"), 403, "FORBIDDEN")

    async def test_keeps_the_last_administrator(self, admin: Person) -> None:
        assert_problem(await admin.client.delete(f"{USERS}/{admin.id}"), 409, "LAST_ADMIN")


class TestMethods:
    @pytest.mark.parametrize(
        ("path", "method"),
        [(ME, "POST"), (f"{USERS}/1", "POST"), (f"{ME}/settings", "PUT"), (f"{USERS}/1/profile", "POST")],
    )
    async def test_that_are_not_offered_are_not_allowed(self, admin: Person, path: str, method: str) -> None:
        assert_problem(await admin.client.request(method, path), 405, "METHOD_NOT_ALLOWED")
