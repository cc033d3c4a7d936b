"""Making an account and verifying its address, over HTTP, with the mails."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from lintel.db import Database
from tests.app.api.v1.test_password_reset import lasting
from tests.app.conftest import assert_problem
from tests.app.mailing import do_jobs, mails_of, subjects, text_of, token_in
from tests.conftest import ON_SQLITE, PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

REGISTER, VERIFY, RESEND, LOGIN = (f"/api/v1/auth/{word}" for word in ("register", "verify", "verify/resend", "login"))
NEW = {"email": "New@Example.com", "password": PASSWORD, "full_name": "Newcomer"}


@pytest.fixture
async def strict(start: Callable[..., Any]) -> RunningService:
    """The service, where addresses are verified first."""
    running: RunningService = await start(
        email_verification="required", jobs_embedded_worker=False, mail_url=None, environment="test"
    )
    return running


async def sign_in(client: httpx2.AsyncClient, email: str = "new@example.com") -> httpx2.Response:
    return await client.post(LOGIN, data={"username": email, "password": PASSWORD})


async def mails_after_jobs(service: RunningService) -> list[Any]:
    await do_jobs(service)
    return mails_of(service.app.state.settings.data_dir)


class TestRegister:
    async def test_answers_with_the_account(self, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.post(REGISTER, json=NEW)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert body.pop("created_at") <= body.pop("updated_at")
        assert body.pop("id") > 0
        assert body == {
            "email": "new@example.com",
            "email_verified_at": None,
            "username": None,
            "full_name": "Newcomer",
            "name": "Newcomer",
            "role": "user",
            "status": "active",
            "is_active": True,
            "version": 1,
        }

    async def test_says_where_the_account_is(self, service: RunningService, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.post(REGISTER, json=NEW)
        token = (await sign_in(visitor)).json()["access_token"]
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
            ({"password": "bernoulli1843"}, "/body/password"),
            ({"password": 1815}, "/body/password"),
            ({"full_name": ""}, "/body/full_name"),
            ({"full_name": "x" * 101}, "/body/full_name"),
            ({"confirm_password": "Bernoulli1844"}, "/body"),
            ({"role": "admin"}, "/body/role"),
            ({"status": "active"}, "/body/status"),
            ({"id": 1}, "/body/id"),
            ({"hashed_password": "x"}, "/body/hashed_password"),
            ({"email_verified_at": "2026-11-20T10:30:00Z"}, "/body/email_verified_at"),
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


class TestRegisterWhereAddressesAreVerified:
    """Row 67."""

    async def test_answers_alike_and_tells_the_owner_alone(self, strict: RunningService) -> None:
        visitor = await strict.visitor()
        await strict.person("new@example.com")
        answers = [
            await visitor.post(REGISTER, json={**NEW, "email": email}) for email in (NEW["email"], "b@x.example")
        ]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].content == answers[1].content
        assert lasting(answers[0]) == lasting(answers[1])
        assert sorted(subjects(await mails_after_jobs(strict))) == [
            ("b@x.example", "Your address at Lintel"),
            ("new@example.com", "You have an account at Lintel"),
        ]

    async def test_lets_them_in_with_the_token_from_the_mail(self, strict: RunningService) -> None:
        visitor = await strict.visitor()
        await visitor.post(REGISTER, json=NEW)
        refused, unknown = await sign_in(visitor), await sign_in(visitor, "nobody@example.com")
        assert_problem(refused, 401, "WRONG_CREDENTIALS")
        assert "verify the address first" in refused.json()["detail"]
        assert refused.json()["detail"] == unknown.json()["detail"]
        [mail] = await mails_after_jobs(strict)
        assert "http://localhost:8000/api/v1/auth/verify" in text_of(mail)
        answers = await asyncio.gather(*(visitor.post(VERIFY, json={"token": token_in(mail)}) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [204, 422]
        assert (await sign_in(visitor)).status_code == 200


class TestVerify:
    """Row 72."""

    async def test_works_once_and_is_shown(self, service: RunningService, visitor: httpx2.AsyncClient) -> None:
        await visitor.post(REGISTER, json=NEW)
        [mail] = await mails_after_jobs(service)
        assert subjects([mail]) == [("new@example.com", "Your address at Lintel")]
        assert "within 24 hours" in text_of(mail)
        body = {"token": token_in(mail)}
        answer = await visitor.post(VERIFY, json=body)
        assert (answer.status_code, answer.content) == (204, b"")
        again = await visitor.post(VERIFY, json=body)
        assert_problem(again, 422, "ONE_TIME_TOKEN_INVALID", "/body/token")
        assert body["token"] not in again.text
        token = (await sign_in(visitor)).json()["access_token"]
        me = await visitor.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
        assert me.json()["email_verified_at"] >= me.json()["created_at"]

    @pytest.mark.parametrize("token", ["", "x", "\u0000", "' OR 1=1 --", "x" * 43, "%", "x" * 201])
    @ON_SQLITE
    async def test_guesses_are_refused(self, visitor: httpx2.AsyncClient, token: str) -> None:
        assert (await visitor.post(VERIFY, json={"token": token})).status_code == 422


class TestResend:
    """Row 67."""

    async def test_answers_alike_and_mails_who_waits(
        self, service: RunningService, visitor: httpx2.AsyncClient, ada: Person
    ) -> None:
        await visitor.post(REGISTER, json=NEW)
        addresses = (ada.user.email, "NEW@example.com", "eve@x.example")
        answers = [await visitor.post(RESEND, json={"email": email}) for email in addresses]
        assert [answer.status_code for answer in answers] == [202, 202, 202]
        assert len({answer.content for answer in answers}) == 1
        assert len({str(lasting(answer)) for answer in answers}) == 1
        # One for the newcomer although they were promised two within a minute.
        assert sorted(subjects(await mails_after_jobs(service))) == [
            ("ada@example.com", "You have an account at Lintel"),
            ("new@example.com", "Your address at Lintel"),
        ]

    @ON_SQLITE
    async def test_is_bounded_together_with_the_mails_about_passwords(self, start: Callable[..., Any]) -> None:
        visitor = await (await start(password_mails_per_address=2)).visitor()
        paths = ("/api/v1/auth/password/forgot", RESEND, RESEND)
        answers = [await visitor.post(path, json={"email": "ada@example.com"}) for path in paths]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert int(answers[2].headers["retry-after"]) > 0
