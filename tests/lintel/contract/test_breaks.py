"""What breaks clients is named, and what does not is not."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from lintel.contract import breaking_changes

Change = Callable[[dict[str, Any]], None]

THING = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "state": {"type": "string", "enum": ["new", "done"]},
        "note": {"anyOf": [{"type": "string", "maxLength": 10}, {"type": "null"}]},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["id", "state"],
}
THING_CREATE = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 10, "pattern": "^a"},
        "state": {"type": "string", "enum": ["new", "done"], "default": "new"},
        "size": {"type": ["number", "null"], "maximum": 5},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    },
    "required": ["name"],
    "additionalProperties": False,
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/things": {
            "parameters": [{"name": "X-Tenant", "in": "header", "schema": {"type": "string"}}],
            "get": {
                "operationId": "list_things",
                "parameters": [{"name": "size", "in": "query", "schema": {"type": "integer", "maximum": 100}}],
                "responses": {
                    "200": {
                        "headers": {"Link": {"schema": {"type": "string"}}},
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
                            }
                        },
                    },
                    "404": {"$ref": "#/components/responses/NotFound"},
                },
            },
            "post": {
                "operationId": "create_thing",
                "security": [{"Bearer": []}, {"Key": ["write"]}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ThingCreate"}}}
                },
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
                },
            },
        },
        "/events": {
            "get": {
                "operationId": "follow",
                "responses": {"200": {"content": {"application/jsonl": {"itemSchema": {"type": "integer"}}}}},
            }
        },
    },
    "components": {
        "schemas": {"Thing": THING, "ThingCreate": THING_CREATE},
        "responses": {"NotFound": {"content": {"application/problem+json": {"schema": {"type": "object"}}}}},
        "securitySchemes": {"Bearer": {"type": "http", "scheme": "bearer"}, "Key": {"type": "apiKey", "name": "X-Key"}},
    },
}


def breaks(change: Change) -> list[str]:
    """What a change breaks."""
    after = deepcopy(DOCUMENT)
    change(after)
    return breaking_changes(DOCUMENT, after)


def thing(document: dict[str, Any], name: str = "Thing") -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def fields(document: dict[str, Any], name: str = "Thing") -> dict[str, Any]:
    found: dict[str, Any] = thing(document, name)["properties"]
    return found


def operation(document: dict[str, Any], method: str = "get", path: str = "/things") -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][path][method]
    return found


def create(document: dict[str, Any]) -> dict[str, Any]:
    return fields(document, "ThingCreate")


OPERATIONS: list[tuple[Change, str]] = [
    (lambda d: d["paths"].pop("/events"), "GET /events: is gone"),
    (lambda d: d["paths"]["/things"].pop("post"), "POST /things: is gone"),
    (
        lambda d: operation(d).update(operationId="things"),
        "GET /things: its operationId is things, was list_things",
    ),
    (lambda d: operation(d)["responses"].pop("404"), "GET /things 404: is gone"),
    (lambda d: operation(d)["responses"]["200"].pop("headers"), "GET /things 200: its header Link is gone"),
    (
        lambda d: d["components"]["responses"]["NotFound"].update(content={"text/plain": {}}),
        "GET /things 404: is no longer application/problem+json",
    ),
    (
        lambda d: operation(d, path="/events").update(security=[{"Key": []}]),
        "GET /events: no longer lets in whoever does not say who they are",
    ),
    (lambda d: d.update(security=[{"Key": []}]), "GET /events: no longer lets in whoever does not say who they are"),
    (lambda d: operation(d, "post")["security"].pop(0), "POST /things: no longer lets in with Bearer"),
    (
        lambda d: operation(d, "post")["security"][1].update(Key=["write", "read"]),
        "POST /things: no longer lets in with Key",
    ),
    (
        lambda d: d["components"]["securitySchemes"]["Key"].update(name="X-API-Key"),
        "the security scheme Key: works in another way",
    ),
]
REQUESTS: list[tuple[Change, str]] = [
    (
        lambda d: operation(d)["parameters"].append({"name": "q", "in": "query", "required": True}),
        "GET /things query parameter q: is now required",
    ),
    (lambda d: operation(d)["parameters"].pop(), "GET /things query parameter size: is gone"),
    (lambda d: d["paths"]["/things"].pop("parameters"), "GET /things header parameter X-Tenant: is gone"),
    (
        lambda d: operation(d)["parameters"][0].update(required=True),
        "GET /things query parameter size: is now required",
    ),
    (
        lambda d: operation(d)["parameters"][0].update(explode=True),
        "GET /things query parameter size: is written in another way",
    ),
    (
        lambda d: operation(d)["parameters"][0]["schema"].update(maximum=50),
        "GET /things query parameter size in requests: maximum is 50, was 100",
    ),
    (lambda d: operation(d, "post")["requestBody"].update(required=True), "POST /things: a body is now required"),
    (
        lambda d: operation(d, "post")["requestBody"].update(content={"text/plain": {}}),
        "POST /things body: is no longer application/json",
    ),
    (lambda d: create(d).pop("tags"), "ThingCreate.tags in requests: is gone"),
    (
        lambda d: thing(d, "ThingCreate").update(required=["name", "tags"]),
        "ThingCreate.tags in requests: is now required",
    ),
    (lambda d: create(d)["name"].update(type="integer"), "ThingCreate.name in requests: is integer, was string"),
    (lambda d: create(d)["name"].update(minLength=2), "ThingCreate.name in requests: minLength is 2, was 1"),
    (lambda d: create(d)["name"].update(pattern="^b"), "ThingCreate.name in requests: pattern is '^b', was '^a'"),
    (
        lambda d: create(d)["tags"]["items"].update(maxLength=3),
        "ThingCreate.tags[] in requests: maxLength is 3, was not there",
    ),
    (lambda d: create(d)["state"]["enum"].remove("done"), "ThingCreate.state in requests: no longer takes 'done'"),
    (lambda d: create(d)["name"].update(const="a"), "ThingCreate.name in requests: now takes only ['a']"),
    (
        lambda d: create(d)["state"].update(default="done"),
        "ThingCreate.state in requests: its default is 'done', was 'new'",
    ),
    (lambda d: create(d)["size"].update(type="number"), "ThingCreate.size in requests: no longer takes null"),
    (
        lambda d: create(d)["size"].update(type=["integer", "null"]),
        "ThingCreate.size in requests: no longer takes number",
    ),
    (lambda d: create(d).update(name=False), "ThingCreate.name in requests: not is {}, was not there"),
]
ANSWERS: list[tuple[Change, str]] = [
    (lambda d: fields(d).pop("note"), "Thing.note in answers: is gone"),
    (lambda d: thing(d)["required"].remove("id"), "Thing.id in answers: may now be missing"),
    (lambda d: fields(d)["id"].update(type="number"), "Thing.id in answers: is number, was integer"),
    (lambda d: fields(d)["id"].pop("type"), "Thing.id in answers: is anything, was integer"),
    (lambda d: fields(d)["id"].pop("minimum"), "Thing.id in answers: minimum is not there, was 1"),
    (lambda d: fields(d)["state"]["enum"].append("lost"), "Thing.state in answers: may now be 'lost'"),
    (lambda d: fields(d)["state"].pop("enum"), "Thing.state in answers: may now be any value"),
    (lambda d: fields(d)["note"]["anyOf"].append({"type": "integer"}), "Thing.note in answers: may now be integer"),
    (
        lambda d: fields(d)["note"]["anyOf"][0].update(maxLength=20),
        "Thing.note in answers: maxLength is 20, was 10",
    ),
    (
        lambda d: fields(d)["counts"].update(additionalProperties={"type": "string"}),
        "Thing.counts.* in answers: is string, was integer",
    ),
    (
        lambda d: operation(d, path="/events")["responses"]["200"]["content"]["application/jsonl"].update(
            itemSchema={}
        ),
        "GET /events 200 in answers: is anything, was integer",
    ),
    (
        lambda d: operation(d, "post")["responses"]["201"]["content"]["application/json"].update(
            schema={"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"$ref": "#/components/schemas/ThingCreate"}]}
        ),
        "POST /things 201 in answers: may now be ThingCreate",
    ),
]
FINE: dict[str, Change] = {
    "nothing": lambda _: None,
    "one more operation": lambda d: d["paths"].update({"/x": operation(d)}),
    "one more answer": lambda d: operation(d)["responses"].update({"409": {}}),
    "one more field in answers": lambda d: fields(d).update(more={"type": "string"}),
    "a field of answers that is always there now": lambda d: thing(d)["required"].append("note"),
    "closer limits in answers": lambda d: fields(d)["id"].update(minimum=5),
    "fewer values in answers": lambda d: fields(d)["state"]["enum"].remove("done"),
    "never null in answers": lambda d: fields(d)["note"]["anyOf"].pop(),
    "answers without further fields": lambda d: fields(d)["counts"].update(additionalProperties=False),
    "one more field in requests": lambda d: create(d).update(more={"type": "string"}),
    "a field that may be left out": lambda d: thing(d, "ThingCreate").pop("required"),
    "wider limits in requests": lambda d: create(d)["name"].update(maxLength=20),
    "more values in requests": lambda d: create(d)["state"]["enum"].append("lost"),
    "requests with further fields": lambda d: thing(d, "ThingCreate").pop("additionalProperties"),
    "null in requests": lambda d: create(d)["name"].update(type=["string", "null"]),
    "other words": lambda d: thing(d).update(description="Other words."),
    "other words of a scheme": lambda d: d["components"]["securitySchemes"]["Key"].update(description="Other."),
    "one more way in": lambda d: operation(d, "post")["security"].append({"Other": []}),
    "a door that is open now": lambda d: operation(d, "post").pop("security"),
    "one more parameter": lambda d: operation(d)["parameters"].append({"name": "q", "in": "query"}),
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [*OPERATIONS, *REQUESTS, *ANSWERS],
    ids=[row[1] for row in (*OPERATIONS, *REQUESTS, *ANSWERS)],
)
def test_what_breaks_clients_is_named(change: Change, sentence: str) -> None:
    assert sentence in breaks(change)


@pytest.mark.parametrize("change", FINE.values(), ids=FINE)
def test_what_breaks_nobody_is_not_named(change: Change) -> None:
    assert breaks(change) == []


def test_a_shared_schema_is_named_once() -> None:
    assert breaks(lambda d: fields(d).pop("note")) == ["Thing.note in answers: is gone"]


def test_no_further_fields_in_requests_is_a_break() -> None:
    before = deepcopy(DOCUMENT)
    del thing(before, "ThingCreate")["additionalProperties"]
    assert breaking_changes(before, DOCUMENT) == ["ThingCreate in requests: no longer takes other fields"]


def test_a_schema_of_another_name_is_compared_where_it_is_used() -> None:
    def rename(document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        schemas["Made"] = deepcopy(schemas["ThingCreate"])
        schemas["Made"]["properties"].pop("tags")
        content = operation(document, "post")["requestBody"]["content"]["application/json"]
        content["schema"] = {"$ref": "#/components/schemas/Made"}

    assert breaks(rename) == ["POST /things body.tags in requests: is gone"]


def test_an_empty_document_breaks_nothing() -> None:
    assert breaking_changes({}, DOCUMENT) == []
