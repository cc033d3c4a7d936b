"""How errors are declared in OpenAPI: from the error classes, so that the two cannot drift apart."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lintel.errors._problem import MEDIA_TYPE, Problem, problem_type
from lintel.errors._statuses import status_of
from lintel.errors._tree import (
    BadRequest,
    ContentTooLarge,
    InvalidInput,
    PermissionDenied,
    RequestTimeout,
    ServiceError,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from lintel.openapi import operations_of

FASTAPIS_OWN = "#/components/schemas/HTTPValidationError"
SCHEMA_REF = "#/components/schemas/Problem"


def problems(*kinds: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses=`: the errors that it can raise beside those every route can.

    Those of every route (400, 401 and 403 where it is guarded, 408, 413 and 415 where it has a body, 422, 500, 503) are
    added by `declare_errors`.
    """
    by_status: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        response = by_status.setdefault(int(status_of(kind)), _response(kind))
        response["content"][MEDIA_TYPE]["examples"][kind.code] = _example(kind)
    return by_status


def declare_errors(schema: dict[str, Any]) -> None:
    """Add to a whole OpenAPI document the errors that follow from each operation's form."""
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        components.pop(name, None)
    components.update(_problem_schemas())
    for _, operation in operations_of(schema):
        _declare(operation)


def _declare(operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    if FASTAPIS_OWN in json.dumps(responses.get("422", {})):
        del responses["422"]
    add_problems(operation, *_implied(operation))


def add_problems(operation: dict[str, Any], *kinds: type[ServiceError]) -> None:
    """Add errors to one operation of a document, beside those it declares already."""
    responses = operation.setdefault("responses", {})
    for status, response in problems(*kinds).items():
        content = responses.setdefault(str(status), response).setdefault("content", {})
        declared = content.setdefault(MEDIA_TYPE, response["content"][MEDIA_TYPE])
        declared.setdefault("examples", {}).update(response["content"][MEDIA_TYPE]["examples"])
    operation["responses"] = dict(sorted(responses.items()))


def _implied(operation: Mapping[str, Any]) -> Iterable[type[ServiceError]]:
    yield BadRequest
    if operation.get("security"):
        yield Unauthenticated
        yield PermissionDenied
    if "requestBody" in operation:
        yield RequestTimeout
        yield ContentTooLarge
        yield UnsupportedMediaType
    # Also without any parameter: strict routes refuse those they do not know.
    yield InvalidInput
    yield ServiceError
    yield Unavailable


def _response(kind: type[ServiceError]) -> dict[str, Any]:
    return {
        "description": f"{kind.title}. {kind.meaning}",
        "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA_REF}, "examples": {}}},
    }


def _example(kind: type[ServiceError]) -> dict[str, Any]:
    status = int(status_of(kind))
    value = {
        "type": problem_type(kind.code),
        "title": kind.title,
        "status": status,
        "detail": kind.title,
        "instance": "/api/v1/analyses",
        "error_code": kind.code,
        "errors": [],
        "request_id": "019aa2c4-5d8e-7cc2-9a44-0b6f2f7f4a11",
        "timestamp": "2026-11-20T10:30:00Z",
        "success": False,
        "error": kind.title,
        "message": kind.title,
        "path": "/api/v1/analyses",
    }
    if kind is InvalidInput:
        value["errors"] = [
            {"pointer": "/body/text_content", "message": "Field required", "code": "missing"},
        ]
    return {"summary": kind.title, "value": value}


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    nested: dict[str, Any] = schema.pop("$defs", {})
    return {"Problem": schema, **nested}
