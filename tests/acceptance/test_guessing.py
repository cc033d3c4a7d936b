"""acceptance.md row 68: guessing passwords, in every spelling."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import pytest

from lintel.testing import AsgiResponse
from tests.acceptance.conftest import Oracle
from tests.conftest import ON_SQLITE, PASSWORD

pytestmark = [pytest.mark.anyio, ON_SQLITE]

LIMIT = 4
LOGIN = "/api/v1/auth/login"
HERE = ("203.0.113.7", 50_000)
ELSEWHERE = ("198.51.100.7", 50_000)
ADA = "ada@example.com"


@pytest.fixture
async def strict(oracle_of: Callable[..., Any]) -> Oracle:
    """A service in which an account may be tried four times from one place."""
    oracle: Oracle = await oracle_of(
        login_attempts=LIMIT, registrations_per_address=LIMIT, password_mails_per_address=LIMIT
    )
    await oracle.service.person(ADA)
    return oracle


async def sign_in(
    oracle: Oracle,
    username: str = ADA,
    password: str = "Wrong-password-1",
    *,
    path: str = LOGIN,
    client: tuple[str, int] = HERE,
    more: dict[str, str] | None = None,
    expected: set[int] | None = None,
) -> AsgiResponse:
    body = f"username={quote_plus(username)}&password={quote_plus(password)}".encode()
    headers = {"host": "localhost", "content-type": "application/x-www-form-urlencoded", **(more or {})}
    headers["content-length"] = str(len(body))
    return await oracle.request(
        "POST", path, headers=headers, body=body, client=client, expected=expected or {401, 429}
    )


async def spend(oracle: Oracle, username: str = ADA, *, client: tuple[str, int] = HERE) -> AsgiResponse:
    answers = [await sign_in(oracle, username, client=client) for _ in range(LIMIT + 1)]
    assert [answer.status for answer in answers] == [401] * LIMIT + [429]
    return answers[-1]


class TestAccount:
    async def test_known_or_not_the_answer_is_the_same(self, strict: Oracle) -> None:
        known, unknown = [await spend(strict, name) for name in (ADA, "nobody@example.com")]
        for answer in (known, unknown):
            assert 1 <= int(answer.header("retry-after") or 0) <= 900
            assert answer.json()["error_code"] == "TOO_MANY_REQUESTS"
            assert answer.header("www-authenticate") is None
        assert known.json()["detail"] == unknown.json()["detail"]

    async def test_the_right_password_is_not_told_from_a_wrong_one(self, strict: Oracle) -> None:
        await spend(strict)
        await sign_in(strict, password=PASSWORD, expected={429})

    @pytest.mark.parametrize("spelling", ["ADA@example.com", " ada@EXAMPLE.com ", "\tAda@Example.Com"])
    async def test_no_spelling_of_the_address_is_another_account(self, strict: Oracle, spelling: str) -> None:
        await spend(strict)
        await sign_in(strict, spelling, expected={429})

    @pytest.mark.parametrize("path", [f"{LOGIN}/", "//api/v1/auth/login", "/api/v1//auth/login"])
    async def test_no_spelling_of_the_path_is_another_counter(self, strict: Oracle, path: str) -> None:
        await spend(strict)
        answer = await sign_in(strict, path=path, expected={404, 429})
        assert answer.status == (429 if path == f"{LOGIN}/" else 404)

    async def test_other_methods_try_nothing(self, strict: Oracle) -> None:
        for method in ("GET", "HEAD", "PUT"):
            for _ in range(LIMIT + 1):
                await strict.request(method, LOGIN, headers={"host": "localhost"}, client=HERE, expected={405})
        await sign_in(strict, password=PASSWORD, expected={200})

    @pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip"])
    async def test_no_header_is_another_network(self, strict: Oracle, name: str) -> None:
        for number in range(LIMIT):
            await sign_in(strict, more={name: f"192.0.2.{number}"}, expected={401})
        await sign_in(strict, more={name: "192.0.2.99"}, expected={429})


class TestOwner:
    async def test_is_not_locked_out_by_who_fails_elsewhere(self, strict: Oracle) -> None:
        await spend(strict)
        await sign_in(strict, password=PASSWORD, client=ELSEWHERE, expected={200})

    async def test_begins_anew_with_the_right_password(self, strict: Oracle) -> None:
        for _ in range(3):
            for _ in range(LIMIT - 1):
                await sign_in(strict, expected={401})
            await sign_in(strict, password=PASSWORD, expected={200})

    async def test_does_not_clear_what_was_tried_elsewhere(self, strict: Oracle) -> None:
        await spend(strict)
        await sign_in(strict, password=PASSWORD, client=ELSEWHERE, expected={200})
        await sign_in(strict, expected={429})


class TestRegister:
    async def test_accounts_are_not_made_without_end(self, strict: Oracle) -> None:
        for number in range(LIMIT):
            body = {"email": f"new{number}@example.com", "password": PASSWORD}
            await strict.send_json("POST", "/api/v1/auth/register", body, expected={201})
        body = {"email": "one-more@example.com", "password": PASSWORD}
        answer = await strict.send_json("POST", "/api/v1/auth/register", body, expected={429})
        assert 1 <= int(answer.header("retry-after") or 0) <= 3_600


class TestPassword:
    async def test_mails_are_not_asked_for_without_end(self, strict: Oracle) -> None:
        path = "/api/v1/auth/password/forgot"
        for number in range(LIMIT):
            await strict.send_json("POST", path, {"email": f"n{number}@example.com"}, client=HERE, expected={202})
        for email in (ADA, "nobody@example.com"):
            answer = await strict.send_json("POST", path, {"email": email}, client=HERE, expected={429})
            assert 1 <= int(answer.header("retry-after") or 0) <= 3_600
        await strict.send_json("POST", path, {"email": ADA}, client=ELSEWHERE, expected={202})

    async def test_the_current_one_is_not_guessed_in_a_stolen_session(self, strict: Oracle) -> None:
        path, wrong = "/api/v1/auth/password/change", "Wrong-password-1"
        stolen, owners = [
            (await sign_in(strict, password=PASSWORD, expected={200})).json()["access_token"] for _ in range(2)
        ]
        for given, status in [(wrong, 403)] * LIMIT + [(PASSWORD, 429)]:
            body = {"current_password": given, "password": "Noether-1918"}
            await strict.send_json("POST", path, body, token=stolen, expected={status})
        body = {"current_password": PASSWORD, "password": "Noether-1918"}
        await strict.send_json("POST", path, body, token=owners, expected={204})
