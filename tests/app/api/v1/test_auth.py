"""Making an account and signing in, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.core.enums import UserStatus
from app.schemas.users import UserUpdate
from lintel.db import Database
from lintel.testing._process import free_port
from tests.app.conftest import Statements, assert_problem
from tests.conftest import ON_SQLITE, PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

REGISTER = "/api/v1/auth/register"
LOGIN = "/api/v1/auth/login"
NEW = {"email": "New@Example.com", "password": PASSWORD, "full_name": "Newcomer"}


async def sign_in(client: httpx2.AsyncClient, email: str = "ada@example.com", password: str = PASSWORD) -> Any:
    return await client.post(LOGIN, data={"username": email, "password": password})


class TestRegister:
    async def test_answers_with_the_account(self, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.post(REGISTER, json=NEW)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert body.pop("created_at") <= body.pop("updated_at")
        assert body.pop("id") > 0
        assert body == {
            "email": "new@example.com",
            "full_name": "Newcomer",
            "name": "Newcomer",
            "role": "user",
            "status": "active",
            "is_active": True,
        }

    async def test_says_where_the_account_is(self, service: RunningService, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.post(REGISTER, json=NEW)
        token = (await sign_in(visitor, NEW["email"])).json()["access_token"]
        owner = await service.visitor(Authorization=f"Bearer {token}")
        assert (await owner.get(answer.headers["location"])).json() == answer.json()

    async def test_is_committed_when_it_answers(self, service: RunningService, visitor: httpx2.AsyncClient) -> None:
        another_process = Database(service.app.state.settings)
        async with another_process.opened():
            for number in range(5):
                answer = await visitor.post(REGISTER, json={**NEW, "email": f"new{number}@example.com"})
                async with another_process.read() as connection:
                    found = await connection.execute(
                        text("SELECT id FROM users WHERE email = :email"), {"email": f"new{number}@example.com"}
                    )
                    assert found.scalar_one() == answer.json()["id"]

    async def test_takes_the_name_under_its_other_name(self, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.post(REGISTER, json={"email": "a@example.com", "password": PASSWORD, "name": "Ada"})
        assert (answer.status_code, answer.json()["full_name"]) == (201, "Ada")

    async def test_refuses_an_address_that_somebody_has(self, ada: Person, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.post(REGISTER, json={**NEW, "email": "ADA@example.com"})
        assert_problem(answer, 409, "ALREADY_EXISTS")
        assert "already exists" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"email": "ada"}, "/body/email"),
            ({"email": "Ada <ada@example.com>"}, "/body/email"),
            ({"email": None}, "/body/email"),
            ({"password": "short1A"}, "/body/password"),
            ({"password": "lovelace1815"}, "/body/password"),
            ({"password": 1815}, "/body/password"),
            ({"full_name": ""}, "/body/full_name"),
            ({"full_name": "x" * 101}, "/body/full_name"),
            ({"confirm_password": "Lovelace1816"}, "/body"),
            ({"role": "admin"}, "/body/role"),
            ({"status": "active"}, "/body/status"),
            ({"id": 1}, "/body/id"),
            ({"hashed_password": "x"}, "/body/hashed_password"),
        ],
    )
    async def test_refuses_what_is_not_valid(
        self, visitor: httpx2.AsyncClient, change: dict[str, Any], pointer: str
    ) -> None:
        answer = await visitor.post(REGISTER, json={**NEW, **change})
        assert_problem(answer, 422, "VALIDATION_ERROR", pointer)
        assert PASSWORD not in answer.text

    async def test_is_refused_where_it_is_closed(self, start: Callable[..., Any]) -> None:
        visitor = await (await start(registration="closed")).visitor()
        assert_problem(await visitor.post(REGISTER, json=NEW), 403, "REGISTRATION_CLOSED")

    @pytest.mark.parametrize(
        ("settings", "pointer"),
        [
            ({"email_allowed_domains": ["lintel.dev"]}, "/body/email"),
            ({"email_blocked_domains": ["example.com"]}, "/body/email"),
            ({"password_require_special": True}, "/body/password"),
        ],
    )
    async def test_minds_the_policy(self, start: Callable[..., Any], settings: dict[str, Any], pointer: str) -> None:
        visitor = await (await start(**settings)).visitor()
        assert_problem(await visitor.post(REGISTER, json=NEW), 422, "VALIDATION_ERROR", pointer)

    async def test_refuses_a_body_that_is_no_json(self, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.post(REGISTER, content=b"{", headers={"Content-Type": "application/json"})
        assert_problem(answer, 400, "BAD_REQUEST")
        assert_problem(await visitor.post(REGISTER, data=NEW), 415, "UNSUPPORTED_MEDIA_TYPE")

    async def test_refuses_a_body_that_is_too_large(self, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.post(REGISTER, json={**NEW, "full_name": "x" * 1_100_000})
        assert_problem(answer, 413, "CONTENT_TOO_LARGE")

    async def test_answers_at_its_slashed_twin(self, visitor: httpx2.AsyncClient) -> None:
        assert (await visitor.post(f"{REGISTER}/", json=NEW)).status_code == 201


class TestLogin:
    async def test_answers_with_a_token_that_works_at_once(self, service: RunningService, ada: Person) -> None:
        answer = await sign_in(await service.visitor())
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (sorted(body), body["token_type"]) == (["access_token", "expires_in", "token_type"], "bearer")
        me = await (await service.visitor(Authorization=f"Bearer {body['access_token']}")).get("/api/v1/users/me")
        assert me.json()["id"] == ada.id

    async def test_takes_one_statement(self, ada: Person, visitor: httpx2.AsyncClient, statements: Statements) -> None:
        with statements() as seen:
            await sign_in(visitor)
        assert len(seen) == 1

    async def test_is_stored_by_nobody_on_the_way(self, ada: Person, visitor: httpx2.AsyncClient) -> None:
        assert (await sign_in(visitor)).headers["cache-control"] == "no-store"

    @pytest.mark.parametrize(
        ("email", "password"),
        [("ada@example.com", "Wrong-password-1"), ("bob@example.com", PASSWORD), ("nobody", "Nothing")],
    )
    async def test_refuses_a_wrong_pair(
        self, ada: Person, visitor: httpx2.AsyncClient, email: str, password: str
    ) -> None:
        answer = await sign_in(visitor, email, password)
        assert_problem(answer, 401, "WRONG_CREDENTIALS")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert (email in answer.text, password in answer.text) == (False, False)

    @pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.SUSPENDED, UserStatus.PENDING_VERIFICATION])
    async def test_refuses_an_account_that_is_not_active(
        self, service: RunningService, ada: Person, status: UserStatus
    ) -> None:
        await service.services.users.update_user(ada.id, UserUpdate(status=status))
        answer = await sign_in(await service.visitor())
        assert_problem(answer, 403, "INACTIVE_USER")
        assert answer.json()["title"] == "Inactive user"

    @pytest.mark.parametrize(
        ("form", "pointer"),
        [
            ({"username": "ada@example.com"}, "/body/password"),
            ({"password": PASSWORD}, "/body/username"),
            ({"username": "a", "password": "x" * 129}, "/body/password"),
            ({"username": "x" * 255, "password": PASSWORD}, "/body/username"),
            ({"username": "a", "password": PASSWORD, "grant_type": "implicit"}, "/body/grant_type"),
            ({"username": "a", "password": PASSWORD, "remember": "1"}, "/body/remember"),
        ],
    )
    async def test_refuses_what_is_not_the_form(
        self, visitor: httpx2.AsyncClient, form: dict[str, str], pointer: str
    ) -> None:
        assert_problem(await visitor.post(LOGIN, data=form), 422, "VALIDATION_ERROR", pointer)

    async def test_takes_all_that_oauth2_clients_send(self, ada: Person, visitor: httpx2.AsyncClient) -> None:
        form = {"grant_type": "password", "scope": "", "client_id": "web", "client_secret": "x"}
        answer = await visitor.post(LOGIN, data={**form, "username": "ada@example.com", "password": PASSWORD})
        assert answer.status_code == 200, answer.text

    async def test_refuses_json(self, ada: Person, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.post(LOGIN, json={"username": "ada@example.com", "password": PASSWORD})
        assert_problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")

    async def test_answers_at_its_slashed_twin(self, ada: Person, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.post(f"{LOGIN}/", data={"username": "ada@example.com", "password": PASSWORD})
        assert answer.status_code == 200


class TestMethods:
    @pytest.mark.parametrize("path", [REGISTER, LOGIN])
    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
    async def test_other_than_post_are_not_allowed(self, visitor: httpx2.AsyncClient, path: str, method: str) -> None:
        answer = await visitor.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@ON_SQLITE
class TestWithoutDatabase:
    async def test_everything_is_unavailable_and_says_when_to_come_back(self, start: Callable[..., Any]) -> None:
        visitor = await (await start(database_url=f"postgresql://x@127.0.0.1:{free_port()}/x")).visitor()
        for answer in (await visitor.post(REGISTER, json=NEW), await sign_in(visitor)):
            assert_problem(answer, 503, "SERVICE_UNAVAILABLE")
            assert answer.headers["retry-after"] == "1"
