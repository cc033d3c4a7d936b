"""Repairs of the document that FastAPI makes."""

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict

from lintel.openapi import restore_nulls


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
