"""Batches over HTTP."""

import json
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.core.config import MAX_TEXTS
from app.schemas.analyses import MAX_TEXT
from tests.app.conftest import Statements, assert_problem
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

BATCHES = "/api/v1/batches"
SECOND_PATH = "/api/v1/analyses/batch"
TEXTS = ["The room was lovely.", "Never again!", "It was a room."]
NEW = {"texts": TEXTS, "analysis_type": "sentiment"}
NOTHING = 4_711
KEY = {"Idempotency-Key": "0b9e9a52-6d4c-4b6a-9a5e-0c4f0d1f7a11"}
GUARDED = [
    ("POST", BATCHES),
    ("POST", SECOND_PATH),
    ("GET", BATCHES),
    ("GET", f"{BATCHES}/1"),
    ("DELETE", f"{BATCHES}/1"),
    ("POST", f"{BATCHES}/1/cancel"),
    ("GET", f"{BATCHES}/1/analyses"),
    ("GET", f"{BATCHES}/1/results"),
    ("GET", f"{BATCHES}/1/events"),
]


async def send(person: Person, path: str = BATCHES, **values: Any) -> dict[str, Any]:
    answer = await person.client.post(path, json={**NEW, **values})
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def lines(person: Person, batch_id: int) -> list[dict[str, Any]]:
    answer = await person.client.get(f"{BATCHES}/{batch_id}/results")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jsonl")
    return [json.loads(line) for line in answer.text.splitlines()]


class TestEveryOperation:
    @pytest.mark.parametrize(("method", "path"), GUARDED)
    async def test_is_closed_to_strangers(self, visitor: httpx2.AsyncClient, method: str, path: str) -> None:
        body = NEW if (method, path) in GUARDED[:2] else None
        assert_problem(await visitor.request(method, path, json=body), 401, "UNAUTHENTICATED")

    @pytest.mark.parametrize(("method", "path"), GUARDED[3:])
    async def test_is_for_the_owner_only(self, ada: Person, bob: Person, admin: Person, method: str, path: str) -> None:
        batch = await send(ada)
        path = path.replace("/1", f"/{batch['id']}")
        for other in (bob, admin):
            assert_problem(await other.client.request(method, path), 404, "BATCH_NOT_FOUND")
        assert (await ada.client.get(f"{BATCHES}/{batch['id']}")).json() == batch

    @pytest.mark.parametrize(("method", "path"), GUARDED[3:])
    async def test_does_not_find_what_is_missing(self, ada: Person, method: str, path: str) -> None:
        answer = await ada.client.request(method, path.replace("/1", f"/{NOTHING}"))
        assert_problem(answer, 404, "BATCH_NOT_FOUND")


class TestCreateBatch:
    @pytest.mark.parametrize("path", [BATCHES, SECOND_PATH])
    async def test_says_where_the_batch_and_its_job_are(self, ada: Person, path: str) -> None:
        answer = await ada.client.post(path, json=NEW)
        body = answer.json()
        assert (answer.status_code, body["status"], body["total"], body["progress"]) == (202, "pending", 3, 0)
        assert answer.headers["location"] == f"{BATCHES}/{body['id']}"
        assert answer.headers["link"] == f'</api/v1/jobs/{body["job_id"]}>; rel="monitor"'
        assert (await ada.client.get(answer.headers["location"])).json() == body
        job = await ada.client.get(f"/api/v1/jobs/{body['job_id']}")
        assert (job.status_code, job.json()["status"]) == (200, "pending")

    async def test_takes_a_thousand_texts(self, ada: Person) -> None:
        assert (await send(ada, texts=["Fine."] * MAX_TEXTS))["total"] == MAX_TEXTS

    async def test_keeps_texts_as_analyses_are_kept(self, ada: Person) -> None:
        batch = await send(ada, texts=["  Drops the space. ", "Caf\u0065\u0301"])
        texts = [line["analysis"]["text_content"] for line in (await lines(ada, batch["id"]))[:-1]]
        assert texts == ["Drops the space.", "Caf\u00e9"]

    @pytest.mark.parametrize(
        ("change", "pointers"),
        [
            ({"texts": []}, ["/body/texts"]),
            ({"texts": ["x"] * (MAX_TEXTS + 1)}, ["/body/texts"]),
            ({"texts": "x"}, ["/body/texts"]),
            ({"texts": ["a", "", "b", " \n", "c\0"]}, ["/body/texts/1", "/body/texts/3", "/body/texts/4"]),
            ({"texts": ["a", "x" * (MAX_TEXT + 1)]}, ["/body/texts/1"]),
            ({"texts": ["a", 5, None]}, ["/body/texts/1", "/body/texts/2"]),
            ({"analysis_type": "mood"}, ["/body/analysis_type"]),
            ({"optimization_tier": "premium"}, ["/body/optimization_tier"]),
            ({"status": "completed"}, ["/body/status"]),
        ],
    )
    async def test_takes_all_texts_or_none(self, ada: Person, change: dict[str, Any], pointers: list[str]) -> None:
        answer = await ada.client.post(BATCHES, json={**NEW, **change})
        assert_problem(answer, 422, "VALIDATION_ERROR", *pointers)
        assert (await ada.client.get(BATCHES)).json()["total"] == 0

    async def test_has_a_bound_for_all_texts_together(self, ada: Person) -> None:
        answer = await ada.client.post(BATCHES, json={**NEW, "texts": ["x" * MAX_TEXT] * 110})
        assert_problem(answer, 413, "CONTENT_TOO_LARGE")

    async def test_makes_one_batch_for_one_idempotency_key(self, ada: Person) -> None:
        first = await ada.client.post(BATCHES, json=NEW, headers=KEY)
        for path in (BATCHES, SECOND_PATH):
            again = await ada.client.post(path, json=NEW, headers=KEY)
            assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
            assert again.content == first.content
            assert [again.headers[name] for name in ("location", "link")] == [
                first.headers[name] for name in ("location", "link")
            ]
        assert (await ada.client.get(BATCHES)).json()["total"] == 1
        other = await ada.client.post(BATCHES, json={**NEW, "texts": ["x"]}, headers=KEY)
        assert_problem(other, 422, "IDEMPOTENCY_KEY_REUSED", "/header/Idempotency-Key")


class TestListBatches:
    async def test_holds_the_callers_alone_the_newest_first(self, ada: Person, bob: Person) -> None:
        mine = [await send(ada), await send(ada)]
        await send(bob)
        body = (await ada.client.get(BATCHES)).json()
        assert (body["items"], body["total"]) == (mine[::-1], 2)

    async def test_filters_by_status(self, ada: Person) -> None:
        first, second = await send(ada), await send(ada)
        await ada.client.post(f"{BATCHES}/{first['id']}/cancel")
        for status, found in (("cancelled", first), ("pending", second)):
            body = (await ada.client.get(BATCHES, params={"status": status})).json()
            assert ([item["id"] for item in body["items"]], body["total"]) == ([found["id"]], 1)

    @pytest.mark.parametrize("query", [{"status": "done"}, {"sort_by": "owner_id"}, {"size": "101"}, {"x": "1"}])
    async def test_refuses_what_it_does_not_have(self, ada: Person, query: dict[str, str]) -> None:
        answer = await ada.client.get(BATCHES, params=query)
        assert_problem(answer, 422, "VALIDATION_ERROR", f"/query/{next(iter(query))}")

    async def test_takes_two_statements(self, ada: Person, statements: Statements) -> None:
        await send(ada)
        with statements() as seen:
            await ada.client.get(BATCHES)
        assert len(seen) == 2


class TestAnalyses:
    async def test_are_listed_in_the_order_of_the_texts(self, ada: Person) -> None:
        batch = await send(ada)
        await send(ada)
        body = (await ada.client.get(f"{BATCHES}/{batch['id']}/analyses", params={"size": 2})).json()
        assert [item["text_content"] for item in body["items"]] == TEXTS[:2]
        assert (body["total"], {item["batch_id"] for item in body["items"]}) == (3, {batch["id"]})
        assert body["links"]["next"] == f"{BATCHES}/{batch['id']}/analyses?size=2&page=2"

    async def test_are_among_all_analyses_by_batch(self, ada: Person) -> None:
        batch = await send(ada)
        await send(ada)
        body = (await ada.client.get("/api/v1/analyses", params={"batch_id": batch["id"]})).json()
        assert (body["total"], {item["batch_id"] for item in body["items"]}) == (3, {batch["id"]})

    async def test_have_results_of_their_own_kind_only_when_read(self, service: RunningService, ada: Person) -> None:
        batch = await send(ada)
        [item, *_] = (await ada.client.get(f"{BATCHES}/{batch['id']}/analyses")).json()["items"]
        assert (item["status"], item["result"], item["position"]) == ("pending", None, 0)
        assert (await ada.client.get(f"/api/v1/analyses/{item['id']}")).json() == item


class TestResults:
    async def test_are_every_text_in_order_and_then_the_batch(self, ada: Person) -> None:
        batch = await send(ada, texts=[f"Text {number}." for number in range(130)])
        *texts, last = await lines(ada, batch["id"])
        assert [line["analysis"]["position"] for line in texts] == list(range(130))
        assert {line["batch"] for line in texts if line["batch"]} == set()
        assert last == {"analysis": None, "batch": batch}


class TestFollowBatch:
    async def test_sends_the_final_state_and_ends(self, ada: Person) -> None:
        path = f"{BATCHES}/{(await send(ada))['id']}"
        batch = (await ada.client.post(f"{path}/cancel")).json()
        answer = await ada.client.get(f"{path}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.text.splitlines()
        assert {"event: batch", "id: cancelled-0-0"} <= set(lines)
        [data] = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
        assert data == batch


class TestCancelBatch:
    async def test_answers_with_the_batch_each_time(self, ada: Person) -> None:
        path = f"{BATCHES}/{(await send(ada))['id']}"
        first, again = [await ada.client.post(f"{path}/cancel") for _ in range(2)]
        assert (first.status_code, first.json()["status"], first.json()["completed"]) == (200, "cancelled", 0)
        assert again.json() == first.json() == (await ada.client.get(path)).json()

    async def test_is_refused_when_all_is_done(self, service: RunningService, ada: Person) -> None:
        path = f"{BATCHES}/{(await send(ada))['id']}"
        async with service.services.database.writer.begin() as connection:
            await connection.execute(text("UPDATE batches SET status = 'completed'"))
        assert_problem(await ada.client.post(f"{path}/cancel"), 409, "BATCH_ENDED")


class TestDeleteBatch:
    async def test_is_for_good_with_all_its_analyses(self, ada: Person) -> None:
        path = f"{BATCHES}/{(await send(ada))['id']}"
        answer = await ada.client.delete(path)
        assert (answer.status_code, answer.content) == (204, b"")
        for method in ("DELETE", "GET"):
            assert_problem(await ada.client.request(method, path), 404, "BATCH_NOT_FOUND")
        assert (await ada.client.get("/api/v1/analyses")).json()["total"] == 0
