"""Many texts in one request, over HTTP."""

import asyncio
from typing import Any

import httpx2
import pytest

from app.schemas.analyses import MAX_TEXT, MAX_TOGETHER
from lintel.api import MAX_BULK
from tests.app.conftest import Statements, assert_problem
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

ANALYSES = "/api/v1/analyses"
BULK = f"{ANALYSES}/bulk"
NOTHING = 4_711
ATOMIC = {"atomic": "true"}
KEY = {"Idempotency-Key": "import-1"}


def text(content: object, **values: Any) -> dict[str, Any]:
    return {"text_content": content, "analysis_type": "sentiment", **values}


async def create(person: Person, *items: object, **options: Any) -> httpx2.Response:
    return await person.client.post(BULK, json={"items": items}, **options)


async def delete(person: Person, *ids: int, **params: Any) -> httpx2.Response:
    return await person.client.delete(BULK, params={"ids": ",".join(map(str, ids)), **params})


def outcomes(answer: httpx2.Response) -> list[tuple[int, int, str | None]]:
    """Index, status and error code of each item."""
    assert answer.status_code == 207, answer.text
    return [(i["index"], i["status"], i["problem"] and i["problem"]["error_code"]) for i in answer.json()["items"]]


async def total(person: Person) -> int:
    return int((await person.client.get(ANALYSES)).json()["total"])


async def kept(person: Person, count: int) -> list[int]:
    answer = await create(person, *(text(f"Text {number}.") for number in range(count)))
    return [item["id"] for item in answer.json()["items"]]


class TestCreate:
    async def test_answers_item_by_item_in_their_order(self, ada: Person) -> None:
        answer = await create(ada, text("Lovely."), text(" "), text("Awful."), {}, text("x", owner_id=1), None)
        assert outcomes(answer) == [
            (0, 201, None),
            (1, 422, "VALIDATION_ERROR"),
            (2, 201, None),
            (3, 422, "VALIDATION_ERROR"),
            (4, 422, "VALIDATION_ERROR"),
            (5, 422, "VALIDATION_ERROR"),
        ]
        items = answer.json()["items"]
        assert [item["item"] and item["item"]["result"]["label"] for item in items[:3]] == [
            "positive",
            None,
            "negative",
        ]
        assert [error["pointer"] for error in items[3]["problem"]["errors"]] == [
            "/body/items/3/text_content",
            "/body/items/3/analysis_type",
        ]
        for item in (items[0], items[2]):
            assert (await ada.client.get(f"{ANALYSES}/{item['id']}")).json() == item["item"]

    async def test_finds_what_each_text_has_alone(self, ada: Person) -> None:
        contents = ["So good!", "ä" * 2_001, "Not good."]
        together = [item["item"]["result"] for item in (await create(ada, *map(text, contents))).json()["items"]]
        alone = [(await ada.client.post(ANALYSES, json=text(content))).json()["result"] for content in contents]
        assert together == alone

    async def test_keeps_as_many_as_it_says(self, service: RunningService, ada: Person, statements: Statements) -> None:
        with statements() as seen:
            answer = await create(ada, *(text(f"Text {number}.") for number in range(MAX_BULK)))
        assert {status for _, status, _ in outcomes(answer)} == {201}
        ids = [item["id"] for item in answer.json()["items"]]
        assert ids == sorted(set(ids))
        at_once = service.services.database.writer.dialect.name == "postgresql"  # SQLite numbers them one by one
        assert sum("INSERT" in one for one in seen) == (1 if at_once else MAX_BULK)

    @pytest.mark.parametrize("count", [0, MAX_BULK + 1])
    async def test_takes_some_and_not_too_many(self, ada: Person, count: int) -> None:
        assert_problem(await create(ada, *[text("Fine.")] * count), 422, "VALIDATION_ERROR", "/body/items")
        assert await total(ada) == 0

    async def test_takes_so_many_characters_together(self, ada: Person) -> None:
        most = [text("ä" * MAX_TEXT)] * (MAX_TOGETHER // MAX_TEXT)
        assert {status for _, status, _ in outcomes(await create(ada, *most))} == {201}
        assert_problem(await create(ada, *most, text("ä")), 422, "VALIDATION_ERROR", "/body")

    async def test_all_or_nothing_keeps_none_and_names_what_failed(self, ada: Person) -> None:
        answer = await create(ada, text("Fine."), text(""), text("Fine."), 1, params=ATOMIC)
        assert_problem(answer, 422, "ITEMS_REFUSED", "/body/items/1/text_content", "/body/items/3")
        assert await total(ada) == 0

    async def test_with_a_key_is_done_once_whatever_failed(self, ada: Person) -> None:
        answers = [await create(ada, text("Fine."), text(""), headers=KEY) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [207, 207]
        assert (answers[0].content, await total(ada)) == (answers[1].content, 1)

    async def test_keeps_the_longest_answer_for_a_key(self, ada: Person) -> None:
        texts = [text("😀" * MAX_TEXT)] * (MAX_TOGETHER // MAX_TEXT)
        others = [{f"{number:064}": 1 for number in range(50)}] * (MAX_BULK - len(texts))
        first, again = [await create(ada, *texts, *others, headers=KEY) for _ in range(2)]
        assert (first.status_code, len(first.content) > 1_000_000) == (207, True)
        assert again.content == first.content

    async def test_is_for_who_may_write(self, visitor: httpx2.AsyncClient) -> None:
        assert_problem(await visitor.post(BULK, json={"items": [text("Fine.")]}), 401, "UNAUTHENTICATED")

    async def test_is_refused_as_a_whole_while_analyses_are_paused(self, admin: Person, ada: Person) -> None:
        await admin.client.put("/api/v1/flags/analyses", json={"enabled": False})
        assert_problem(await create(ada, text("Fine."), text("")), 503, "ANALYSES_PAUSED")


class TestDelete:
    async def test_answers_item_by_item_in_their_order(self, ada: Person, bob: Person) -> None:
        [theirs], [one, two, three] = await kept(bob, 1), await kept(ada, 3)
        answer = await delete(ada, two, theirs, NOTHING, one)
        assert outcomes(answer) == [
            (0, 204, None),
            (1, 404, "ANALYSIS_NOT_FOUND"),
            (2, 404, "ANALYSIS_NOT_FOUND"),
            (3, 204, None),
        ]
        assert [item["id"] for item in answer.json()["items"]] == [two, theirs, NOTHING, one]
        assert (await total(bob), await total(ada)) == (1, 1)
        assert (await ada.client.get(f"{ANALYSES}/{three}")).status_code == 200

    async def test_all_or_nothing_deletes_none(self, ada: Person, bob: Person) -> None:
        [theirs], [one] = await kept(bob, 1), await kept(ada, 1)
        assert_problem(await delete(ada, one, theirs, **ATOMIC), 422, "ITEMS_REFUSED", "/query/ids/1")
        assert (await total(ada), await total(bob)) == (1, 1)

    async def test_takes_two_statements_for_any_number(self, ada: Person, statements: Statements) -> None:
        ids = await kept(ada, MAX_BULK)
        with statements() as seen:
            assert {status for _, status, _ in outcomes(await delete(ada, *ids))} == {204}
        assert len(seen) <= 3

    async def test_of_two_at_the_same_time_one_deletes_each(self, ada: Person) -> None:
        ids = await kept(ada, 20)
        ends = await asyncio.gather(delete(ada, *ids), delete(ada, *reversed(ids)))
        assert sorted(status for end in ends for _, status, _ in outcomes(end)) == [204] * 20 + [404] * 20

    async def test_is_for_who_may_write(self, visitor: httpx2.AsyncClient) -> None:
        assert_problem(await visitor.delete(BULK, params={"ids": "1"}), 401, "UNAUTHENTICATED")
