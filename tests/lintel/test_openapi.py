"""Repairs of the document that FastAPI makes."""

from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict

from lintel.api import CursorPage, ListQuery, Page, declare_lists
from lintel.openapi import declare_headers, restore_nulls, share_examples


class Answer(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "a", "note": None}]})

    name: str
    note: str | None
    left_out: str | None = None


def test_an_example_shows_the_fields_that_are_always_there() -> None:
    app = FastAPI()

    @app.get("/")
    async def endpoint() -> Answer:
        return Answer(name="a", note=None)

    document = app.openapi()
    assert document["components"]["schemas"]["Answer"]["examples"] == [{"name": "a"}]
    restore_nulls(document)
    assert document["components"]["schemas"]["Answer"]["examples"] == [{"name": "a", "note": None}]


def test_a_document_without_schemas_is_left_as_it_is() -> None:
    document = FastAPI().openapi()
    restore_nulls(document)
    assert document == FastAPI().openapi()


class TestHeaders:
    @pytest.fixture
    def document(self) -> dict[str, Any]:
        app = FastAPI()

        @app.post("/answers", status_code=201, responses={401: {}, 404: {}, 415: {}, 429: {}, 503: {}})
        async def create() -> Answer:
            raise NotImplementedError

        @app.get("/answers")
        async def read_all() -> Page[Answer]:
            raise NotImplementedError

        document = app.openapi()
        declare_headers(document)
        declare_lists(document)
        return document

    def headers(self, document: dict[str, Any], method: str, status: str) -> set[str]:
        return set(document["paths"]["/answers"][method]["responses"][status].get("headers", {}))

    @pytest.mark.parametrize(
        ("status", "header"),
        [
            ("201", "Location"),
            ("401", "WWW-Authenticate"),
            ("415", "Accept"),
            ("429", "Retry-After"),
            ("503", "Retry-After"),
        ],
    )
    def test_of_a_status_are_declared(self, document: dict[str, Any], status: str, header: str) -> None:
        assert self.headers(document, "post", status) == {header}

    def test_of_a_list_are_declared(self, document: dict[str, Any]) -> None:
        assert self.headers(document, "get", "200") == {"Link", "X-Total-Count", "X-Page-Count"}

    def test_others_have_none(self, document: dict[str, Any]) -> None:
        assert self.headers(document, "post", "404") == set()

    def test_each_is_described_once(self, document: dict[str, Any]) -> None:
        described = document["components"]["headers"]
        assert described["Retry-After"]["schema"] == {"type": "integer"}
        for item in document["paths"].values():
            for operation in item.values():
                for response in operation["responses"].values():
                    for name, reference in response.get("headers", {}).items():
                        assert reference == {"$ref": f"#/components/headers/{name}"}
                        assert described[name]["description"]


class TestLists:
    @pytest.fixture
    def operation(self) -> dict[str, Any]:
        app = FastAPI()

        @app.get("/answers")
        async def read_all(query: Annotated[ListQuery, Query()]) -> Page[Answer] | CursorPage[Answer]:
            raise NotImplementedError(query)

        document = app.openapi()
        declare_lists(document)
        found: dict[str, Any] = document["paths"]["/answers"]["get"]
        return found

    def test_leave_the_defaults_of_one_form_to_who_does_not_ask_for_the_other(self, operation: dict[str, Any]) -> None:
        defaults = {each["name"]: each["schema"].get("default") for each in operation["parameters"]}
        assert defaults == {"page": None, "size": 20, "count": None, "cursor": None, "sort_order": "desc"}

    def test_show_both_forms_with_the_example_of_their_items(self, operation: dict[str, Any]) -> None:
        examples = operation["responses"]["200"]["content"]["application/json"]["examples"]
        assert {name: example["value"]["items"] for name, example in examples.items()} == {
            "by_number": [{"name": "a"}],
            "by_cursor": [{"name": "a"}],
        }


class TestSharedExamples:
    def test_stand_once_among_the_components(self) -> None:
        examples: list[dict[str, Any]] = [{"OUT": {"value": 1}}, {"OUT": {"value": 1}}, {"OUT": {"value": 2}}]
        contents = [{"content": {"application/json": {"examples": each}}} for each in examples]
        responses = {str(status): content for status, content in enumerate(contents, start=400)}
        document: dict[str, Any] = {"paths": {"/answers": {"get": {"responses": responses}}}}
        share_examples(document)
        assert document["components"] == {"examples": {"OUT": {"value": 1}}}
        assert examples == [*[{"OUT": {"$ref": "#/components/examples/OUT"}}] * 2, {"OUT": {"value": 2}}]
