"""How idempotency keys are declared in OpenAPI."""

from typing import Any

from lintel.api._idempotency import KEY, REPLAYED
from lintel.errors import add_problems
from lintel.idempotency import KeyInUse, KeyReused
from lintel.openapi import RETRY_AFTER, ResponseHeader, add_headers, operations_of

SUCCESS = "2"
FIELD = ResponseHeader(REPLAYED, "`true`: nothing was done again, this is the answer of the first request.")


def declare_idempotency(document: dict[str, Any]) -> None:
    """Add to every operation that takes a key what it may answer because of it."""
    for _, operation in operations_of(document):
        if all(parameter["name"] != KEY for parameter in operation.get("parameters", [])):
            continue
        add_problems(operation, KeyInUse, KeyReused)
        add_headers(document, operation["responses"]["409"], [RETRY_AFTER])
        for status, response in operation["responses"].items():
            if status.startswith(SUCCESS):
                add_headers(document, response, [FIELD])
