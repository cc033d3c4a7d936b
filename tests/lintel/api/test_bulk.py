"""Bulk operations: what they read and what they answer."""

from typing import Annotated, Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import Field, ValidationError

from lintel.api import (
    MAX_BULK,
    AtomicDep,
    BulkAnswer,
    BulkChange,
    BulkDeleted,
    BulkIdsDep,
    BulkUpdate,
    Each,
    ItemsRefused,
    PatchModel,
    RequestModel,
    ResponseModel,
    left_out,
    settled,
)
from lintel.db import ANY_VERSION, ExpectedVersion
from lintel.errors import AlreadyExists, FieldError, InvalidInput, NotFound, install_error_handlers
from lintel.routing import Router

pytestmark = pytest.mark.anyio


class Thing(RequestModel):
    """A thing to be."""

    name: Annotated[str, Field(max_length=5)]
    size: int = 1


class Things(RequestModel):
    """Several."""

    items: Annotated[list[Each[Thing]], Field(min_length=1, max_length=3)]


class ThingUpdate(PatchModel):
    """What changes."""

    name: str = left_out()


class ThingsUpdate(BulkUpdate[ThingUpdate]):
    """What changes of several."""


class ThingRead(ResponseModel):
    """A thing."""

    id: int
    name: str


def pointers(error: Any) -> list[str]:
    return [field.pointer for field in error.errors]


class TestEach:
    def test_reads_each_item_by_itself(self) -> None:
        good, bad, none = Things.model_validate({"items": [{"name": "a"}, {"name": "too long", "size": "1"}, 7]}).items
        assert isinstance(good, Thing)
        assert isinstance(bad, InvalidInput)
        assert isinstance(none, InvalidInput)
        assert (good.name, pointers(bad), pointers(none)) == ("a", ["/body/name", "/body/size"], ["/body"])

    @pytest.mark.parametrize("count", [0, 4])
    def test_is_counted_by_the_list(self, count: int) -> None:
        with pytest.raises(ValidationError):
            Things.model_validate({"items": [{"name": "a"}] * count})

    def test_tells_a_few_faults_of_an_item(self) -> None:
        [item] = Things.model_validate({"items": [{f"unknown{number}": 1 for number in range(50)}]}).items
        assert isinstance(item, InvalidInput)
        assert (len(item.errors), item.detail) == (5, "/body/name: Field required (and 50 more)")

    def test_is_documented_as_the_items_model(self) -> None:
        schema = Things.model_json_schema()["properties"]["items"]
        assert (schema["items"], schema["maxItems"]) == ({"$ref": "#/$defs/Thing"}, 3)


class TestBulkUpdate:
    def test_names_what_changes_and_which_version_is_meant(self) -> None:
        sent = [{"id": 1, "version": 3, "changes": {"name": "a"}}, {"id": 2, "changes": {"name": "b"}}]
        one, two = ThingsUpdate.model_validate({"items": sent}).items
        assert isinstance(one, BulkChange)
        assert isinstance(two, BulkChange)
        assert (one.changes.changes(), one.expected) == ({"name": "a"}, ExpectedVersion(frozenset({3})))
        assert two.expected is ANY_VERSION

    @pytest.mark.parametrize("item", [{"id": 0}, {"id": 2**63}, {"id": 1, "changes": {}}, {"id": 1, "version": 0}])
    def test_an_item_that_is_none_does_not_spoil_the_others(self, item: dict[str, Any]) -> None:
        good = {"id": 1, "changes": {"name": "a"}}
        first, second = ThingsUpdate.model_validate({"items": [{"changes": {"name": "b"}, **item}, good]}).items
        assert (type(first), isinstance(second, BulkChange)) == (InvalidInput, True)

    def test_changes_nothing_twice(self) -> None:
        item = {"id": 1, "changes": {"name": "a"}}
        with pytest.raises(ValidationError, match="an id stands twice"):
            ThingsUpdate.model_validate({"items": [item, item]})


class TestAnswers:
    def test_of_what_was_made(self) -> None:
        fault = InvalidInput("/body/name: no", errors=[FieldError("/body/name", "no", "bad")])
        answer = BulkAnswer[ThingRead].created([ThingRead(id=7, name="a"), fault, AlreadyExists("It is there.")])
        made, bad, known = answer.items
        assert (answer.succeeded, answer.failed) == (1, 2)
        assert (made.index, made.status, made.id, made.problem) == (0, 201, 7, None)
        assert (bad.index, bad.status, bad.id, bad.item) == (1, 422, None, None)
        assert bad.problem is not None
        assert (bad.problem.detail, bad.problem.errors[0].pointer) == ("/body/items/1/name: no", "/body/items/1/name")
        assert known.problem is not None
        assert known.problem.model_dump() == {
            "type": "/problems/already-exists",
            "title": "Already exists",
            "status": 409,
            "detail": "It is there.",
            "error_code": "ALREADY_EXISTS",
            "errors": [],
        }

    def test_of_what_was_changed(self) -> None:
        answer = BulkAnswer[ThingRead].changed([7, 8], [ThingRead(id=7, name="a"), NotFound()])
        assert [(item.id, item.status) for item in answer.items] == [(7, 200), (8, 404)]

    def test_of_what_was_deleted(self) -> None:
        answer = BulkDeleted.of([7, 8], [None, NotFound()])
        assert [(item.id, item.status) for item in answer.items] == [(7, 204), (8, 404)]
        assert (answer.succeeded, answer.failed) == (1, 1)


class TestSettled:
    ENDS = ("a", NotFound(), InvalidInput("/body: no", errors=[FieldError("/body", "no", "bad")]), "b")

    def test_some_may_fail(self) -> None:
        assert settled(self.ENDS, atomic=False) is self.ENDS

    def test_all_or_nothing_is_all(self) -> None:
        assert settled(["a", "b"], atomic=True) == ["a", "b"]

    def test_or_a_refusal_that_names_all_that_failed(self) -> None:
        with pytest.raises(ItemsRefused) as refused:
            settled(self.ENDS, atomic=True)
        assert refused.value.errors == (
            FieldError("/body/items/1", "Not found", "not_found"),
            FieldError("/body/items/2", "no", "bad"),
        )
        assert refused.value.detail == "2 of the items could not be done, so nothing was."


class TestParameters:
    @pytest.fixture
    async def client(self) -> httpx2.AsyncClient:
        app, router = FastAPI(), Router()

        @router.delete("/things")
        async def delete_things(ids: BulkIdsDep, atomic: AtomicDep) -> dict[str, Any]:
            return {"ids": ids, "atomic": atomic}

        app.include_router(router)
        install_error_handlers(app)
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost")

    @pytest.mark.parametrize(
        ("query", "ids", "atomic"),
        [
            ("ids=3", [3], False),
            ("ids=3,1,2&atomic=true", [3, 1, 2], True),
            (f"ids={2**63 - 1}&atomic=false", [2**63 - 1], False),
            ("ids=" + ",".join(map(str, range(1, MAX_BULK + 1))), list(range(1, MAX_BULK + 1)), False),
        ],
    )
    async def test_are_read(self, client: httpx2.AsyncClient, query: str, ids: list[int], *, atomic: bool) -> None:
        answer = await client.delete(f"/things?{query}")
        assert (answer.status_code, answer.json()) == (200, {"ids": ids, "atomic": atomic})

    @pytest.mark.parametrize(
        "ids", ["", "0", "01", "1,", "1,,2", "1, 2", "1,1", str(2**63), ",".join(map(str, range(1, MAX_BULK + 2)))]
    )
    async def test_are_plain_numbers_each_once_and_not_too_many(self, client: httpx2.AsyncClient, ids: str) -> None:
        answer = await client.delete("/things", params={"ids": ids})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/ids")
