"""Analyses over HTTP."""

import asyncio
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.schemas.analyses import MAX_TEXT
from lintel.db import Database
from tests.app.conftest import Statements, assert_problem
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

ANALYSES = "/api/v1/analyses"
TEXT = "The room was lovely. The service was not."
NEW = {"text_content": TEXT, "analysis_type": "sentiment"}
NOTHING = 4_711
KEY = {"Idempotency-Key": "0b9e9a52-6d4c-4b6a-9a5e-0c4f0d1f7a11"}


async def analyse(person: Person, **values: Any) -> dict[str, Any]:
    answer = await person.client.post(ANALYSES, json={**NEW, **values})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


class TestCreateAnalysis:
    async def test_answers_with_the_analysis(self, ada: Person) -> None:
        answer = await ada.client.post(ANALYSES, json=NEW)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert (body["text_content"], body["status"], body["progress"]) == (TEXT, "completed", 100)
        assert (body["optimization_tier"], body["batch_id"], body["error_message"]) == ("standard", None, None)
        assert body["sentiment_score"] == body["result"]["score"]
        assert [TEXT[one["start"] : one["end"]] for one in body["result"]["sentences"]] == [
            "The room was lovely.",
            "The service was not.",
        ]

    async def test_says_where_the_analysis_is(self, ada: Person) -> None:
        answer = await ada.client.post(ANALYSES, json=NEW)
        assert answer.headers["location"] == f"{ANALYSES}/{answer.json()['id']}"
        assert (await ada.client.get(answer.headers["location"])).json() == answer.json()

    async def test_is_committed_when_it_answers(self, service: RunningService, ada: Person) -> None:
        another_process = Database(service.app.state.settings)
        async with another_process.opened():
            for _ in range(5):
                created = await analyse(ada)
                async with another_process.read() as connection:
                    newest = (await connection.execute(text("SELECT max(id) FROM analyses"))).scalar_one()
                assert newest == created["id"]

    @pytest.mark.parametrize("length", [1, 2_000, 2_001, MAX_TEXT])
    async def test_reads_up_to_ten_thousand_characters(self, ada: Person, length: int) -> None:
        created = await analyse(ada, text_content="ä" * length)
        assert (created["result"]["chars"], len(created["text_content"])) == (length, length)

    async def test_drops_the_space_around_the_text(self, ada: Person) -> None:
        created = await analyse(ada, text_content=f" \n{TEXT}\t ")
        assert created["text_content"] == TEXT

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"text_content": ""}, "/body/text_content"),
            ({"text_content": " \n\t "}, "/body/text_content"),
            ({"text_content": "x" * (MAX_TEXT + 1)}, "/body/text_content"),
            ({"text_content": "a\0b"}, "/body/text_content"),
            ({"text_content": None}, "/body/text_content"),
            ({"text_content": 5}, "/body/text_content"),
            ({"analysis_type": "emotion"}, "/body/analysis_type"),
            ({"analysis_type": None}, "/body/analysis_type"),
            ({"optimization_tier": "premium"}, "/body/optimization_tier"),
            ({"owner_id": 1}, "/body/owner_id"),
            ({"status": "completed"}, "/body/status"),
        ],
    )
    async def test_refuses_what_is_not_valid(self, ada: Person, change: dict[str, Any], pointer: str) -> None:
        assert_problem(await ada.client.post(ANALYSES, json={**NEW, **change}), 422, "VALIDATION_ERROR", pointer)
        assert (await ada.client.get(ANALYSES)).json()["total"] == 0

    @pytest.mark.parametrize("missing", list(NEW))
    async def test_needs_text_and_type(self, ada: Person, missing: str) -> None:
        body = {name: value for name, value in NEW.items() if name != missing}
        answer = await ada.client.post(ANALYSES, json=body)
        assert_problem(answer, 422, "VALIDATION_ERROR", f"/body/{missing}")

    async def test_refuses_what_cannot_be_read(self, ada: Person) -> None:
        broken = await ada.client.post(ANALYSES, content=b"{", headers={"Content-Type": "application/json"})
        assert_problem(broken, 400, "BAD_REQUEST")
        assert_problem(await ada.client.post(ANALYSES, data=NEW), 415, "UNSUPPORTED_MEDIA_TYPE")
        large = await ada.client.post(ANALYSES, json={**NEW, "text_content": "x" * 1_100_000})
        assert_problem(large, 413, "CONTENT_TOO_LARGE")


class TestIdempotencyKey:
    async def test_has_one_effect_and_one_answer(self, ada: Person) -> None:
        first, again = [await ada.client.post(ANALYSES, json=NEW, headers=KEY) for _ in range(2)]
        assert (first.status_code, first.headers.get("idempotency-replayed")) == (201, None)
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])
        assert (await ada.client.get(ANALYSES)).json()["total"] == 1

    async def test_keeps_the_longest_answer(self, ada: Person) -> None:
        body = {**NEW, "text_content": "😀" * MAX_TEXT}
        first, again = [await ada.client.post(ANALYSES, json=body, headers=KEY) for _ in range(2)]
        assert len(first.content) > 500_000
        assert again.content == first.content

    async def test_is_refused_with_another_body(self, ada: Person) -> None:
        await ada.client.post(ANALYSES, json=NEW, headers=KEY)
        answer = await ada.client.post(ANALYSES, json={**NEW, "text_content": "Other."}, headers=KEY)
        assert_problem(answer, 422, "IDEMPOTENCY_KEY_REUSED", "/header/Idempotency-Key")

    async def test_of_somebody_else_is_another(self, ada: Person, bob: Person) -> None:
        ids = [(await person.client.post(ANALYSES, json=NEW, headers=KEY)).json()["id"] for person in (ada, bob)]
        assert len(set(ids)) == 2

    async def test_of_a_hundred_at_once_one_has_an_effect(self, ada: Person) -> None:
        answers = await asyncio.gather(*(ada.client.post(ANALYSES, json=NEW, headers=KEY) for _ in range(100)))
        made = [a for a in answers if a.status_code == 201 and "idempotency-replayed" not in a.headers]
        assert len(made) == 1
        for answer in answers:
            if answer.status_code == 201:
                assert answer.content == made[0].content
            else:
                assert_problem(answer, 409, "IDEMPOTENCY_KEY_IN_USE")
                assert answer.headers["retry-after"] == "1"
        assert (await ada.client.get(ANALYSES)).json()["total"] == 1

    async def test_costs_three_statements_at_most(self, ada: Person, statements: Statements) -> None:
        with statements() as without:
            await ada.client.post(ANALYSES, json=NEW)
        with statements() as seen:
            await ada.client.post(ANALYSES, json=NEW, headers=KEY)
        assert len(seen) - len(without) <= 3


class TestListAnalyses:
    async def test_holds_the_callers_alone(self, ada: Person, bob: Person) -> None:
        mine = await analyse(ada)
        await analyse(bob)
        body = (await ada.client.get(ANALYSES)).json()
        assert (body["items"], body["total"]) == ([mine], 1)

    @pytest.mark.parametrize(
        ("query", "total"),
        [
            ({"status": "completed"}, 2),
            ({"status": "error"}, 1),
            ({"status": "pending"}, 0),
            ({"analysis_type": "sentiment"}, 3),
            ({"analysis_type": "sentiment", "status": "error"}, 1),
        ],
    )
    async def test_filters(self, service: RunningService, ada: Person, query: dict[str, str], total: int) -> None:
        ids = [(await analyse(ada))["id"] for _ in range(3)]
        async with service.services.database.writer.begin() as connection:
            await connection.execute(text("UPDATE analyses SET status = 'error' WHERE id = :id"), {"id": ids[1]})
        body = (await ada.client.get(ANALYSES, params=query)).json()
        assert (len(body["items"]), body["total"]) == (total, total)

    @pytest.mark.parametrize(
        "query", [{"analysis_type": "emotion"}, {"status": "done"}, {"owner_id": "1"}, {"search": "x"}]
    )
    async def test_refuses_filters_it_does_not_have(self, ada: Person, query: dict[str, str]) -> None:
        answer = await ada.client.get(ANALYSES, params=query)
        assert_problem(answer, 422, "VALIDATION_ERROR", f"/query/{next(iter(query))}")


class TestReadAnalysis:
    async def test_answers_as_when_it_was_created(self, ada: Person) -> None:
        created = await analyse(ada)
        answer = await ada.client.get(f"{ANALYSES}/{created['id']}")
        assert (answer.status_code, answer.json()) == (200, created)

    async def test_takes_two_statements(self, ada: Person, statements: Statements) -> None:
        created = await analyse(ada)
        with statements() as seen:
            await ada.client.get(f"{ANALYSES}/{created['id']}")
        assert len(seen) == 2

    async def test_answers_head_and_its_slashed_twin(self, ada: Person) -> None:
        created = await analyse(ada)
        head = await ada.client.head(f"{ANALYSES}/{created['id']}")
        assert (head.status_code, head.content) == (200, b"")
        assert (await ada.client.get(f"{ANALYSES}/{created['id']}/")).json() == created

    async def test_is_for_the_owner_only(self, ada: Person, bob: Person, admin: Person) -> None:
        created = await analyse(ada)
        for other in (bob, admin):
            answer = await other.client.get(f"{ANALYSES}/{created['id']}")
            assert_problem(answer, 404, "ANALYSIS_NOT_FOUND")

    @pytest.mark.parametrize("analysis_id", [NOTHING, 2**63 - 1])
    async def test_does_not_find_what_is_missing(self, ada: Person, analysis_id: int) -> None:
        assert_problem(await ada.client.get(f"{ANALYSES}/{analysis_id}"), 404, "ANALYSIS_NOT_FOUND")

    @pytest.mark.parametrize("analysis_id", ["0", "-1", "1x", "1e3", str(2**63)])
    async def test_refuses_what_is_no_number_of_an_analysis(self, ada: Person, analysis_id: str) -> None:
        answer = await ada.client.get(f"{ANALYSES}/{analysis_id}")
        assert_problem(answer, 422, "VALIDATION_ERROR", "/path/analysis_id")

    async def test_does_not_take_a_word_for_a_number(self, ada: Person) -> None:
        assert_problem(await ada.client.get(f"{ANALYSES}/x"), 404, "NOT_FOUND")


class TestDeleteAnalysis:
    async def test_is_for_good(self, ada: Person) -> None:
        path = f"{ANALYSES}/{(await analyse(ada))['id']}"
        answer = await ada.client.delete(path)
        assert (answer.status_code, answer.content) == (204, b"")
        for method in ("DELETE", "GET"):
            assert_problem(await ada.client.request(method, path), 404, "ANALYSIS_NOT_FOUND")

    async def test_is_for_the_owner_only(self, ada: Person, bob: Person, admin: Person) -> None:
        path = f"{ANALYSES}/{(await analyse(ada))['id']}"
        for other in (bob, admin):
            assert_problem(await other.client.delete(path), 404, "ANALYSIS_NOT_FOUND")
        assert (await ada.client.get(path)).status_code == 200


class TestMethods:
    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
    async def test_that_are_not_offered_are_not_allowed(self, ada: Person, method: str) -> None:
        assert_problem(await ada.client.request(method, f"{ANALYSES}/1"), 405, "METHOD_NOT_ALLOWED")

    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", ANALYSES), ("GET", ANALYSES), ("GET", f"{ANALYSES}/1"), ("DELETE", f"{ANALYSES}/1")],
    )
    async def test_that_are_offered_are_closed_to_strangers(
        self, visitor: httpx2.AsyncClient, method: str, path: str
    ) -> None:
        answer = await visitor.request(method, path, json=NEW if method == "POST" else None)
        assert_problem(answer, 401, "UNAUTHENTICATED")
