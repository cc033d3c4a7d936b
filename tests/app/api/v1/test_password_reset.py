"""Passwords that were forgotten, and those that are changed, over HTTP, with the mails."""

import asyncio
import re
from typing import Any

import httpx2
import pytest

from tests.app.conftest import assert_problem
from tests.app.mailing import do_jobs, mails_of, subjects, text_of, token_in
from tests.conftest import ON_SQLITE, PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

FORGOT, RESET, CHANGE = (f"/api/v1/auth/password/{word}" for word in ("forgot", "reset", "change"))
ME = "/api/v1/users/me"
ADA = "ada@example.com"
NEW = "Noether-1918"
VARYING = re.compile("date|request-id|process-time|ratelimit")


async def sign_in(client: httpx2.AsyncClient, password: str) -> int:
    answer = await client.post("/api/v1/auth/login", data={"username": ADA, "password": password})
    return answer.status_code


async def token_from_mail(service: RunningService, client: httpx2.AsyncClient) -> str:
    (await client.post(FORGOT, json={"email": ADA})).raise_for_status()
    await do_jobs(service)
    return token_in(mails_of(service.app.state.settings.data_dir)[-1])


def lasting(answer: httpx2.Response) -> dict[str, str]:
    """Its headers, but those that differ between any two answers."""
    return {name: value for name, value in answer.headers.items() if not VARYING.search(name)}


class TestForgot:
    """Row 67."""

    async def test_answers_alike_and_tells_the_owner_alone(
        self, service: RunningService, visitor: httpx2.AsyncClient, ada: Person
    ) -> None:
        answers = [await visitor.post(FORGOT, json={"email": email}) for email in ("ADA@Example.com", "eve@x.example")]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].content == answers[1].content
        assert lasting(answers[0]) == lasting(answers[1])
        await do_jobs(service)
        mails = mails_of(service.app.state.settings.data_dir)
        assert subjects(mails) == [(ADA, "Your password at Lintel")]
        assert "http://localhost:8000/api/v1/auth/password/reset" in text_of(mails[0])

    async def test_names_no_host_that_a_request_named(
        self, service: RunningService, visitor: httpx2.AsyncClient, ada: Person
    ) -> None:
        headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Origin": "https://evil.example"}
        await visitor.post(FORGOT, json={"email": ADA}, headers=headers)
        await do_jobs(service)
        assert "evil" not in "".join(mail.as_string() for mail in mails_of(service.app.state.settings.data_dir))


class TestReset:
    """Row 72."""

    async def test_signs_out_everywhere_and_tells_the_owner(
        self, service: RunningService, visitor: httpx2.AsyncClient, ada: Person
    ) -> None:
        token = await token_from_mail(service, visitor)
        answer = await visitor.post(RESET, json={"token": token, "password": NEW, "confirm_password": NEW})
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await ada.client.get(ME)).status_code == 401
        assert [await sign_in(visitor, password) for password in (PASSWORD, NEW)] == [401, 200]
        await do_jobs(service)
        mails = mails_of(service.app.state.settings.data_dir)
        assert subjects(mails)[1:] == [(ADA, "Your password at Lintel was changed")]
        assert NEW not in text_of(mails[1])

    async def test_works_once(self, service: RunningService, visitor: httpx2.AsyncClient, ada: Person) -> None:
        token = await token_from_mail(service, visitor)
        answers = await asyncio.gather(
            *(visitor.post(RESET, json={"token": token, "password": f"{NEW}-{n}"}) for n in range(2))
        )
        assert sorted(answer.status_code for answer in answers) == [204, 422]
        answer = await visitor.post(RESET, json={"token": token, "password": NEW})
        assert_problem(answer, 422, "ONE_TIME_TOKEN_INVALID", "/body/token")
        assert token not in answer.text

    @pytest.mark.parametrize("token", ["", "x", "\u0000", "' OR 1=1 --", "x" * 43, "%"])
    async def test_guesses_are_refused(self, visitor: httpx2.AsyncClient, ada: Person, token: str) -> None:
        answer = await visitor.post(RESET, json={"token": token, "password": NEW})
        assert answer.status_code == 422
        assert (await ada.client.get(ME)).status_code == 200

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"password": "short1A"}, "/body/password"),
            ({"password": "Welcome2024"}, "/body/password"),
            ({"confirm_password": "Noether-1919"}, "/body"),
            ({"token": "x" * 201}, "/body/token"),
        ],
    )
    @ON_SQLITE
    async def test_refuses_what_is_not_valid(
        self, visitor: httpx2.AsyncClient, change: dict[str, Any], pointer: str
    ) -> None:
        answer = await visitor.post(RESET, json={"token": "x" * 43, "password": NEW, **change})
        assert_problem(answer, 422, "VALIDATION_ERROR", pointer)


class TestChange:
    async def test_signs_out_everywhere_but_here_and_tells_the_owner(
        self, service: RunningService, visitor: httpx2.AsyncClient, ada: Person
    ) -> None:
        login = await visitor.post("/api/v1/auth/login", data={"username": ADA, "password": PASSWORD})
        elsewhere = await service.visitor(Authorization=f"Bearer {login.json()['access_token']}")
        answer = await ada.client.post(CHANGE, json={"current_password": PASSWORD, "password": NEW})
        assert (answer.status_code, answer.content) == (204, b"")
        assert [(await client.get(ME)).status_code for client in (ada.client, elsewhere)] == [200, 401]
        assert [await sign_in(visitor, password) for password in (PASSWORD, NEW)] == [401, 200]
        await do_jobs(service)
        mails = mails_of(service.app.state.settings.data_dir)
        assert subjects(mails) == [(ADA, "Your password at Lintel was changed")]

    async def test_needs_the_current_password(self, ada: Person, visitor: httpx2.AsyncClient) -> None:
        answer = await ada.client.post(CHANGE, json={"current_password": "Wrong-password-1", "password": NEW})
        assert_problem(answer, 403, "WRONG_PASSWORD")
        assert await sign_in(visitor, PASSWORD) == 200

    @ON_SQLITE
    async def test_refuses_what_is_not_valid(self, ada: Person, visitor: httpx2.AsyncClient) -> None:
        body = {"current_password": PASSWORD, "password": NEW, "confirm_password": "Noether-1919"}
        assert_problem(await ada.client.post(CHANGE, json=body), 422, "VALIDATION_ERROR", "/body")
        assert_problem(await visitor.post(CHANGE, json=body), 401, "UNAUTHENTICATED")
