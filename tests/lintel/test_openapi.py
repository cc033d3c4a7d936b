"""Repairs of the document that FastAPI makes."""

from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from lintel.api import Page, declare_lists
from lintel.openapi import declare_headers, restore_nulls


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
