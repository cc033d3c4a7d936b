"""Addresses that their owners change, over HTTP, with the mails: row 73."""

from typing import Any

import httpx2
import pytest

from tests.app.conftest import assert_problem
from tests.app.mailing import do_jobs, mails_of, subjects, text_of, token_in
from tests.conftest import ON_SQLITE, PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

CHANGE, CONFIRM, ME = "/api/v1/auth/email/change", "/api/v1/auth/email/confirm", "/api/v1/users/me"
ADA, KING = "ada@example.com", "king@example.com"
WANTED = {"email": "King@Example.com", "current_password": PASSWORD}


async def mails_after_jobs(service: RunningService) -> list[Any]:
    await do_jobs(service)
    return mails_of(service.app.state.settings.data_dir)


async def signs_in(client: httpx2.AsyncClient, email: str) -> bool:
    answer = await client.post("/api/v1/auth/login", data={"username": email, "password": PASSWORD})
    return answer.status_code == 200


class TestChange:
    async def test_is_done_with_the_token_that_the_new_address_got(
        self, service: RunningService, visitor: httpx2.AsyncClient, ada: Person
    ) -> None:
        answer = await ada.client.post(CHANGE, json=WANTED)
        assert (answer.status_code, answer.json()["detail"][:25]) == (202, "A mail to the new address")
        asked = await mails_after_jobs(service)
        assert sorted(subjects(asked)) == [
            (ADA, "Another address for your account at Lintel"),
            (KING, "Your new address at Lintel"),
        ]
        [to_the_new, to_the_old] = sorted(asked, key=lambda mail: str(mail["To"]), reverse=True)
        assert KING not in text_of(to_the_old)
        assert (await ada.client.get(ME)).json()["email"] == ADA

        body = {"token": token_in(to_the_new)}
        answer = await ada.client.post(CONFIRM, json=body)
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await ada.client.get(ME)).json()["email"] == KING
        assert [await signs_in(visitor, email) for email in (ADA, KING)] == [False, True]
        told = (await mails_after_jobs(service))[-1]
        assert subjects([told]) == [(ADA, "Your address at Lintel was changed")]
        assert_problem(await ada.client.post(CONFIRM, json=body), 422, "ONE_TIME_TOKEN_INVALID", "/body/token")

    async def test_needs_the_current_password(self, ada: Person) -> None:
        answer = await ada.client.post(CHANGE, json={**WANTED, "current_password": "Wrong-password-1"})
        assert_problem(answer, 403, "WRONG_PASSWORD")

    async def test_is_in_the_log_with_those_who_failed(self, service: RunningService, ada: Person) -> None:
        await ada.client.post(CHANGE, json={**WANTED, "current_password": "Wrong-password-1"})
        await ada.client.post(CHANGE, json=WANTED)
        [token] = [token_in(mail) for mail in await mails_after_jobs(service) if mail["To"] == KING]
        await ada.client.post(CONFIRM, json={"token": token})
        events = (await ada.client.get(f"{ME}/security-events")).json()["items"]
        assert [event["action"] for event in events][:3] == [
            "email.changed",
            "email.change_asked",
            "email.change_refused",
        ]
        assert KING not in str(events)

    @pytest.mark.parametrize("path", [CHANGE, CONFIRM])
    @ON_SQLITE
    async def test_is_for_who_is_signed_in(self, visitor: httpx2.AsyncClient, path: str) -> None:
        assert_problem(await visitor.post(path, json={}), 401, "UNAUTHENTICATED")

    async def test_of_two_to_one_address_succeeds_for_one(
        self, service: RunningService, ada: Person, bob: Person
    ) -> None:
        for person in (ada, bob):
            await person.client.post(CHANGE, json=WANTED)
        tokens = [token_in(mail) for mail in await mails_after_jobs(service) if mail["To"] == KING]
        answers = [
            await person.client.post(CONFIRM, json={"token": token}) for token in tokens for person in (ada, bob)
        ]
        assert sorted(answer.status_code for answer in answers) == [204, 409, 422, 422]


class TestPastIt:
    @pytest.mark.parametrize("method", ["put", "patch"])
    async def test_nobody_changes_their_own_address(
        self, service: RunningService, ada: Person, admin: Person, method: str
    ) -> None:
        whole = {"full_name": "Root", "username": None, "role": "admin", "status": "active"}
        body = {"email": KING, **(whole if method == "put" else {})}
        ada.client.headers["If-Match"] = admin.client.headers["If-Match"] = "*"
        assert (await getattr(ada.client, method)(ME, json=body)).status_code == 422
        assert (await getattr(ada.client, method)(f"/api/v1/users/{ada.id}", json=body)).status_code == 403
        answer = await getattr(admin.client, method)(f"/api/v1/users/{admin.id}", json=body)
        assert_problem(answer, 403, "OWN_EMAIL")
        same = {**body, "email": admin.user.email}
        assert (await getattr(admin.client, method)(f"/api/v1/users/{admin.id}", json=same)).status_code == 200

    async def test_an_administrator_changes_others_and_the_address_before_is_told(
        self, service: RunningService, ada: Person, admin: Person
    ) -> None:
        answer = await admin.client.patch(f"/api/v1/users/{ada.id}", json={"email": KING})
        assert answer.json()["email"] == KING
        assert subjects(await mails_after_jobs(service)) == [(ADA, "Your address at Lintel was changed")]
