"""How conditional requests are declared in OpenAPI."""

from typing import Any

from lintel.api._conditional import IF_MATCH, IF_NONE_MATCH
from lintel.errors import PreconditionFailed, PreconditionRequired, add_problems
from lintel.openapi import ResponseHeader, add_headers, operations_of

ETAG = ResponseHeader("ETag", "Names this state of the resource, for `If-None-Match` and, unless weak, `If-Match`.")
REQUIRED = "428"


def declare_conditional_requests(document: dict[str, Any]) -> None:
    """Declare what follows from the headers of conditions."""
    for _, operation in operations_of(document):
        conditions = {one["name"]: one for one in operation.get("parameters", [])}
        if not conditions.keys() & {IF_MATCH, IF_NONE_MATCH}:
            continue
        responses = operation["responses"]
        if IF_MATCH in conditions:
            add_problems(operation, PreconditionFailed)
            if REQUIRED in conditions[IF_MATCH]["description"]:
                add_problems(operation, PreconditionRequired)
        else:
            responses["304"] = {"description": "What you have is what there is."}
            add_headers(document, responses["304"], [ETAG])
        if "200" in responses:
            add_headers(document, responses["200"], [ETAG])
