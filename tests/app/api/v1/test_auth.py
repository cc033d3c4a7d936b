"""Signing in, over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from app.core.enums import UserStatus
from app.schemas.users import UserUpdate
from lintel.testing._process import free_port
from tests.app.conftest import assert_problem
from tests.conftest import ON_SQLITE, PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

REGISTER = "/api/v1/auth/register"
LOGIN = "/api/v1/auth/login"
NEW = {"email": "New@Example.com", "password": PASSWORD, "full_name": "Newcomer"}


async def sign_in(client: httpx2.AsyncClient, email: str = "ada@example.com", password: str = PASSWORD) -> Any:
    return await client.post(LOGIN, data={"username": email, "password": password})


class TestLogin:
    async def test_answers_with_a_token_that_works_at_once(self, service: RunningService, ada: Person) -> None:
        answer = await sign_in(await service.visitor())
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert set(body) == {"access_token", "expires_in", "refresh_token", "token_type"}
        assert body["token_type"] == "bearer"
        me = await (await service.visitor(Authorization=f"Bearer {body['access_token']}")).get("/api/v1/users/me")
        assert me.json()["id"] == ada.id

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

    @ON_SQLITE
    async def test_does_not_tell_that_an_address_waits_to_be_verified(
        self, start: Callable[..., Awaitable[RunningService]]
    ) -> None:
        client = await (await start(email_verification="required")).visitor()
        assert (await client.post(REGISTER, json=NEW)).status_code == 202
        known, unknown = [await sign_in(client, email) for email in (NEW["email"], "nobody@example.com")]
        assert_problem(known, 401, "WRONG_CREDENTIALS")
        assert known.json()["detail"] == unknown.json()["detail"]

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
