"""Invitations over HTTP, with the mails."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from app.core.enums import UserRole
from tests.app.conftest import assert_problem
from tests.app.mailing import do_jobs, mails_of, subjects, text_of
from tests.conftest import ON_SQLITE, PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

INVITATIONS, REGISTER = "/api/v1/invitations", "/api/v1/auth/register"
EVE = {"email": "eve@example.com", "role": "moderator"}


async def invitation_mailed(service: RunningService) -> str:
    await do_jobs(service)
    mail = mails_of(service.app.state.settings.data_dir)[-1]
    assert subjects([mail]) == [("eve@example.com", "An invitation to Lintel")]
    return text_of(mail).partition('"invitation": "')[2].partition('"')[0]


class TestInvitations:
    async def test_let_their_reader_register(
        self, service: RunningService, visitor: httpx2.AsyncClient, admin: Person
    ) -> None:
        answer = await admin.client.post(INVITATIONS, json={**EVE, "email": "EVE@example.com"})
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert {name: made[name] for name in ("email", "role", "invited_by")} == {**EVE, "invited_by": admin.id}
        assert (await admin.client.get(answer.headers["location"])).json() == made
        assert (await admin.client.get(INVITATIONS)).json()["items"] == [made]

        body = {"email": EVE["email"], "password": PASSWORD, "invitation": await invitation_mailed(service)}
        registered = await visitor.post(REGISTER, json=body)
        assert (registered.status_code, registered.json()["role"]) == (201, "moderator")
        again = await visitor.post(REGISTER, json=body)
        assert_problem(again, 422, "INVITATION_INVALID", "/body/invitation")
        assert body["invitation"] not in again.text
        assert_problem(await admin.client.get(answer.headers["location"]), 404, "INVITATION_NOT_FOUND")
        entries = (await admin.client.get("/api/v1/audit", params={"user_id": registered.json()["id"]})).json()["items"]
        assert entries[0]["detail"] == {"invitation": made["id"], "role": "moderator"}

    async def test_are_revoked(self, admin: Person) -> None:
        made = (await admin.client.post(INVITATIONS, json=EVE)).json()
        path = f"{INVITATIONS}/{made['id']}"
        answers = [await admin.client.delete(path) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 404]
        actions = [entry["action"] for entry in (await admin.client.get("/api/v1/audit")).json()["items"]]
        assert actions[:2] == ["invitation.revoked", "invitation.created"]

    async def test_are_for_those_who_may_make_accounts(self, service: RunningService, ada: Person) -> None:
        moderator = await service.person("mod@example.com", UserRole.MODERATOR)
        for person in (ada, moderator):
            assert_problem(await person.client.post(INVITATIONS, json=EVE), 403, "FORBIDDEN")
            assert_problem(await person.client.get(INVITATIONS), 403, "FORBIDDEN")

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [({"email": "eve"}, "/body/email"), ({"role": "god"}, "/body/role"), ({"invited_by": 1}, "/body/invited_by")],
    )
    @ON_SQLITE
    async def test_refuse_what_is_not_valid(self, admin: Person, change: dict[str, Any], pointer: str) -> None:
        answer = await admin.client.post(INVITATIONS, json={**EVE, **change})
        assert_problem(answer, 422, "VALIDATION_ERROR", pointer)

    async def test_are_no_part_of_an_account_that_an_administrator_makes(self, admin: Person) -> None:
        new = {"email": "eve@example.com", "password": PASSWORD, "invitation": "x"}
        answer = await admin.client.post("/api/v1/users", json=new)
        assert_problem(answer, 422, "VALIDATION_ERROR", "/body/invitation")


@ON_SQLITE
class TestModes:
    async def test_without_one_nobody_registers_where_it_is_needed(self, start: Callable[..., Any]) -> None:
        visitor = await (await start(registration="invite")).visitor()
        new = {"email": "eve@example.com", "password": PASSWORD}
        assert_problem(await visitor.post(REGISTER, json=new), 403, "INVITATION_NEEDED")
        bad = await visitor.post(REGISTER, json={**new, "invitation": "x" * 43})
        assert_problem(bad, 422, "INVITATION_INVALID", "/body/invitation")

    async def test_with_one_nobody_registers_where_it_is_closed(self, start: Callable[..., Any]) -> None:
        visitor = await (await start(registration="closed")).visitor()
        new = {"email": "eve@example.com", "password": PASSWORD, "invitation": "x" * 43}
        assert_problem(await visitor.post(REGISTER, json=new), 403, "REGISTRATION_CLOSED")
