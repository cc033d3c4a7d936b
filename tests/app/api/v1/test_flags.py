"""Switching, over HTTP."""

import httpx2
import pytest

from app.core.enums import UserRole
from tests.app.conftest import Statements, assert_problem
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

FLAGS, ANALYSES = "/api/v1/flags", "/api/v1/flags/analyses"
TEXT = {"text_content": "Lovely.", "analysis_type": "sentiment"}


class TestListFlags:
    async def test_tells_what_is_on_for_the_caller(self, admin: Person, ada: Person, bob: Person) -> None:
        await admin.client.put(ANALYSES, json={"enabled": True, "percentage": 0, "user_ids": [ada.id]})
        found = [(await person.client.get(FLAGS)).json()["items"] for person in (ada, bob)]
        assert [[(flag["name"], flag["on"]) for flag in flags] for flags in found] == [
            [("analyses", True)],
            [("analyses", False)],
        ]

    async def test_only_asks_the_database_who_is_asking(self, ada: Person, statements: Statements) -> None:
        with statements() as seen:
            assert (await ada.client.get(FLAGS)).status_code == 200
        assert len(seen) == 1

    async def test_is_for_known_callers(self, visitor: httpx2.AsyncClient) -> None:
        assert_problem(await visitor.get(FLAGS), 401, "UNAUTHENTICATED")


class TestSwitch:
    async def test_is_for_administrators(self, service: RunningService, ada: Person) -> None:
        moderator = await service.person("mod@example.com", UserRole.MODERATOR)
        for person in (ada, moderator):
            for method, body in (("GET", None), ("PUT", {"enabled": False}), ("DELETE", None)):
                assert_problem(await person.client.request(method, ANALYSES, json=body), 403, "FORBIDDEN")

    async def test_is_read_back_and_reset(self, admin: Person) -> None:
        rule = {"enabled": True, "percentage": 12.5, "user_ids": [7], "roles": ["admin"]}
        put = await admin.client.put(ANALYSES, json=rule)
        assert put.status_code == 200
        assert put.json()["rule"] == {**rule, "updated_at": put.json()["rule"]["updated_at"]}
        assert (await admin.client.get(ANALYSES)).json() == put.json()
        assert [(await admin.client.delete(ANALYSES)).status_code for _ in range(2)] == [204, 404]
        assert (await admin.client.get(ANALYSES)).json()["rule"] is None

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/body/enabled"),
            ({"enabled": "yes"}, "/body/enabled"),
            ({"enabled": True, "percentage": 101}, "/body/percentage"),
            ({"enabled": True, "percentage": -1}, "/body/percentage"),
            ({"enabled": True, "user_ids": [0]}, "/body/user_ids/0"),
            ({"enabled": True, "roles": ["king"]}, "/body/roles/0"),
            ({"enabled": True, "name": "x"}, "/body/name"),
        ],
    )
    async def test_refuses_what_is_no_rule(self, admin: Person, body: object, pointer: str) -> None:
        assert_problem(await admin.client.put(ANALYSES, json=body), 422, "VALIDATION_ERROR", pointer)

    @pytest.mark.parametrize("name", ["other", "Analyses", "x" * 63, "%00"])
    async def test_does_not_find_what_nobody_declared(self, admin: Person, name: str) -> None:
        for method, body in (("GET", None), ("PUT", {"enabled": False}), ("DELETE", None)):
            answer = await admin.client.request(method, f"{FLAGS}/{name}", json=body)
            assert answer.status_code in {404, 422}, answer.text


class TestKillSwitch:
    async def test_new_texts_are_refused_and_old_ones_can_be_read(self, admin: Person, ada: Person) -> None:
        made = await ada.client.post("/api/v1/analyses", json=TEXT)
        await admin.client.put(ANALYSES, json={"enabled": False})
        refused = await ada.client.post("/api/v1/analyses", json=TEXT)
        assert_problem(refused, 503, "ANALYSES_PAUSED")
        assert refused.headers["retry-after"] == "60"
        batch = await ada.client.post("/api/v1/batches", json={"texts": ["Lovely."], "analysis_type": "sentiment"})
        assert_problem(batch, 503, "ANALYSES_PAUSED")
        assert (await ada.client.get(made.headers["location"])).status_code == 200
        await admin.client.delete(ANALYSES)
        assert (await ada.client.post("/api/v1/analyses", json=TEXT)).status_code == 201

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/api/v1/analyses", TEXT),
            ("/api/v1/analyses/bulk", {"items": [TEXT]}),
            ("/api/v1/batches", {"texts": ["Lovely."], "analysis_type": "sentiment"}),
        ],
    )
    async def test_what_was_done_before_is_answered_again(
        self, admin: Person, ada: Person, path: str, body: dict[str, object]
    ) -> None:
        key = {"Idempotency-Key": "the-first-one"}
        made = await ada.client.post(path, json=body, headers=key)
        await admin.client.put(ANALYSES, json={"enabled": False})
        again = await ada.client.post(path, json=body, headers=key)
        assert (again.status_code, again.json()) == (made.status_code, made.json())
        refused = await ada.client.post(path, json=body, headers={"Idempotency-Key": "the-next-one"})
        assert_problem(refused, 503, "ANALYSES_PAUSED")
