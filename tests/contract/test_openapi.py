"""The OpenAPI document, held to the rules for documentation."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import reduce
from typing import Any

import pytest
from httpx2 import AsyncClient
from pydantic import TypeAdapter

import app.schemas
from app.main import create_app
from lintel.errors import MEDIA_TYPE, Problem
from tests.conftest import ON_SQLITE, Person, RunningService, SettingsFactory

pytestmark = [pytest.mark.anyio, ON_SQLITE]

MODULES = [importlib.import_module(found.name) for found in pkgutil.walk_packages(app.schemas.__path__, "app.schemas.")]
SUCCESS = ("200", "201", "202")
WITH_EXAMPLES = ("application/json", "application/x-www-form-urlencoded")
"""Types of bodies; files and streams have none that could be shown."""


@pytest.fixture
async def document(service: RunningService) -> dict[str, Any]:
    """The document of the service."""
    return service.app.openapi()


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def schema_of(document: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
    return found


def part_at(document: dict[str, Any], reference: str) -> Any:
    """What a `$ref` names."""
    return reduce(lambda part, name: part[name], reference.removeprefix("#/").split("/"), document)


async def test_every_operation_has_summary_description_one_tag_and_an_id_of_its_own(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    ids = [operation["operationId"] for _, operation in operations_of(document)]
    assert len(set(ids)) == len(ids)
    for name, operation in operations_of(document):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*(_v[0-9])?", operation["operationId"]), name
        assert operation["summary"], name
        assert operation["description"], name
        assert len(set(operation["tags"]) & tags) == 1, name


async def test_the_head_says_what_this_is_where_it_is_and_what_its_parts_are(document: dict[str, Any]) -> None:
    assert {"title", "description", "version", "license"} <= set(document["info"])
    assert [server["url"] for server in document["servers"]] == ["/"]
    used = {tag for _, operation in operations_of(document) for tag in operation["tags"]}
    assert used <= {tag["name"] for tag in document["tags"]}
    described = [*document["servers"], *document["tags"], *document["components"]["securitySchemes"].values()]
    assert [part for part in described if not part.get("description")] == []


async def test_the_address_for_people_is_among_the_servers(make_settings: SettingsFactory) -> None:
    document = create_app(make_settings(public_url="https://api.example.com/")).openapi()
    assert [server["url"] for server in document["servers"]] == ["/", "https://api.example.com"]


async def test_every_path_has_a_version_but_those_for_machines(document: dict[str, Any]) -> None:
    without = {path for path in document["paths"] if not re.match(r"/api/v[12]/", path)}
    assert without == {"/health", "/ready", "/health/detailed", "/.well-known/jwks.json"}


async def test_every_field_and_parameter_is_described(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        is_made = "Page_" in name or name.startswith("Body_")
        assert "enum" in schema or schema.get("description") or is_made, name
        for field, part in schema.get("properties", {}).items():
            assert part.get("description"), f"{name}.{field}"
    for name, operation in operations_of(document):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{name}: {parameter['name']}"


async def test_every_number_in_a_path_or_query_has_bounds(document: dict[str, Any]) -> None:
    for name, operation in operations_of(document):
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            if schema.get("type") == "integer":
                assert {"minimum", "exclusiveMinimum"} & set(schema), f"{name}: {parameter['name']}"
                assert {"maximum", "exclusiveMaximum"} & set(schema), f"{name}: {parameter['name']}"


async def test_every_body_has_an_example_that_its_own_schema_takes(document: dict[str, Any]) -> None:
    models = {name: model for module in MODULES for name, model in vars(module).items()}
    checked = 0
    for name, operation in operations_of(document):
        contents = [operation.get("requestBody", {}).get("content", {})]
        contents += [operation["responses"].get(status, {}).get("content", {}) for status in SUCCESS]
        for content in contents:
            reference: dict[str, Any] = next((content[kind]["schema"] for kind in WITH_EXAMPLES if kind in content), {})
            if not reference or "Page_" in str(reference):
                continue
            model = reference["$ref"].rpartition("/")[2]
            examples = schema_of(document, reference).get("examples")
            assert examples, f"{name}: {model}"
            for example in examples:
                values = {key: value for key, value in example.items() if key not in _computed(models[model])}
                TypeAdapter(models[model]).validate_python(values)
                checked += 1
    assert checked >= 10


async def test_every_list_has_an_example_of_each_of_its_forms(document: dict[str, Any]) -> None:
    checked = 0
    for name, operation in operations_of(document):
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        if "Page_" in str(answer.get("schema")):
            examples = [example["value"] for example in answer["examples"].values()]
            forms = [schema_of(document, form) for form in answer["schema"].get("anyOf", [answer["schema"]])]
            assert [set(example) for example in examples] == [set(form["required"]) for form in forms], name
            assert all(example["items"] for example in examples), name
            checked += 1
    assert checked > 10


async def test_every_error_is_declared_as_a_problem_with_examples(document: dict[str, Any]) -> None:
    for name, operation in operations_of(document):
        errors = {status: r for status, r in operation["responses"].items() if int(status) >= 400}
        assert {"400", "422", "500", "503"} <= set(errors), name
        for status, response in errors.items():
            content = response["content"][MEDIA_TYPE]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, name
            for code, reference in content["examples"].items():
                problem = Problem.model_validate(part_at(document, reference["$ref"])["value"])
                assert (problem.error_code, problem.status) == (code, int(status))


BY_BODY = {"POST /api/v1/auth/login", "POST /api/v1/auth/refresh"}
"""What they let in by is in their bodies."""


async def test_guarded_operations_name_schemes_that_exist(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    for name, operation in operations_of(document):
        for requirement in operation.get("security", []):
            assert set(requirement) <= set(schemes), name
        assert bool(operation.get("security")) == ("401" in operation["responses"]) or name in BY_BODY
    assert schemes["BearerAuth"]["bearerFormat"] == "JWT"
    assert schemes["OAuth2Password"]["flows"]["password"]["tokenUrl"] == "/api/v1/auth/login"


async def test_no_answer_has_a_secret_in_it(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Read") or name.startswith("Page_"):
            assert not {"password", "hashed_password", "secret", "token_hash"} & set(schema["properties"]), name


async def test_deprecated_operations_say_until_when_and_name_what_to_use_instead(document: dict[str, Any]) -> None:
    ids = {operation["operationId"]: name for name, operation in operations_of(document)}
    found = {name: operation for name, operation in operations_of(document) if operation.get("deprecated")}
    assert set(found) == {"GET /api/v1/analyses"}
    for name, operation in found.items():
        [words] = re.findall(r"\*\*Deprecated\*\* since [\d-]+; goes on [\d-]+ at .*", operation["description"])
        [successor] = re.findall(r"Use `(\w+)`", words)
        assert ids[successor].partition(" ")[0] == name.partition(" ")[0]
        for status, response in operation["responses"].items():
            headers = {"Deprecation", "Sunset", "Link"} & set(response["headers"])
            assert headers == (set() if status == "429" else {"Deprecation", "Sunset", "Link"}), status
    assert "](/deprecations)" in document["info"]["description"]


SECRET = re.compile(r"password|secret|token|hash|salt|ticket|^key$")
GIVEN_ONCE = {
    "POST /api/v1/auth/login": {"access_token", "refresh_token", "token_type"},
    "POST /api/v1/auth/refresh": {"access_token", "refresh_token", "token_type"},
    "POST /api/v1/auth/api-keys": {"key"},
    "POST /api/v1/ws/tickets": {"ticket"},
}


async def test_no_operation_answers_with_a_secret_but_those_that_give_one(document: dict[str, Any]) -> None:
    """Row 83: read off the document, which every answer is made by."""
    checked = 0
    for name, operation in operations_of(document):
        answers = [operation["responses"].get(status, {}).get("content", {}) for status in SUCCESS]
        names = {field for answer in answers for field in _fields(document, answer)}
        assert {field for field in names if SECRET.search(field)} == GIVEN_ONCE.get(name, set()), name
        checked += bool(names)
    assert checked > 20


def _fields(document: dict[str, Any], part: Any) -> Iterator[str]:
    """The names of all fields that a schema can have, however deep."""
    if isinstance(part, list):
        for item in part:
            yield from _fields(document, item)
    if isinstance(part, dict):
        yield from part.get("properties", {})
        if "$ref" in part:
            yield from _fields(document, schema_of(document, part))
        for name, inner in part.items():
            if name not in {"example", "examples"}:
                yield from _fields(document, inner)


async def test_the_headers_of_an_answer_are_declared(
    document: dict[str, Any], ada: Person, visitor: AsyncClient
) -> None:
    sample = {"text_content": "Fine.", "analysis_type": "sentiment"}
    key = {"Idempotency-Key": "again"}
    await ada.client.post("/api/v1/analyses", json=sample, headers=key)
    answers = [
        ("post", "/api/v1/analyses", await ada.client.post("/api/v1/analyses", json=sample, headers=key)),
        ("get", "/api/v1/analyses", await ada.client.get("/api/v1/analyses")),
        ("get", "/api/v2/analyses", await ada.client.get("/api/v2/analyses")),
        ("get", "/api/v1/analyses", await visitor.get("/api/v1/analyses")),
        ("post", "/api/v1/analyses", await ada.client.post("/api/v1/analyses", content=b"?")),
    ]
    assert [answer.status_code for _, _, answer in answers] == [201, 200, 200, 401, 415]
    everywhere = set((await visitor.get("/health")).headers)
    for method, path, answer in answers:
        declared = document["paths"][path][method]["responses"][str(answer.status_code)]["headers"]
        assert {name.lower() for name in declared} == set(answer.headers) - everywhere - {"cache-control"}


def _computed(model: Any) -> set[str]:
    return set(model.model_computed_fields)
