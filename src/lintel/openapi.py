"""What the OpenAPI document needs beyond what FastAPI writes into it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


@dataclass(frozen=True, slots=True)
class ResponseHeader:
    """A header that an answer may carry."""

    name: str
    meaning: str
    type: Literal["string", "integer"] = "string"


LOCATION = ResponseHeader("Location", "Path of the new resource.")
LINK = ResponseHeader(
    "Link",
    "Related addresses: `first`, `prev`, `next` and `last` of a list, `monitor` of work that goes on, "
    "`successor-version` and `deprecation` of what is deprecated.",
)
RETRY_AFTER = ResponseHeader("Retry-After", "Seconds after which another try makes sense.", "integer")
BY_STATUS = {
    "201": LOCATION,
    "202": LOCATION,
    "401": ResponseHeader("WWW-Authenticate", "How to say who is calling."),
    "415": ResponseHeader("Accept", "The types that this operation reads."),
    "429": RETRY_AFTER,
    "503": RETRY_AFTER,
}


def operations_of(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation with its path."""
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, operation


def add_headers(document: dict[str, Any], response: dict[str, Any], headers: Iterable[ResponseHeader]) -> None:
    """Declare headers of one response; each is described once in the document."""
    components = document.setdefault("components", {}).setdefault("headers", {})
    for header in headers:
        components[header.name] = {"description": header.meaning, "schema": {"type": header.type}}
        response.setdefault("headers", {})[header.name] = {"$ref": f"#/components/headers/{header.name}"}


def declare_headers(document: dict[str, Any]) -> None:
    """Declare the headers that follow from a status."""
    for _, operation in operations_of(document):
        for status, response in operation["responses"].items():
            if status in BY_STATUS:
                add_headers(document, response, [BY_STATUS[status]])


def restore_nulls(document: dict[str, Any]) -> None:
    """Put the nulls back into the examples of schemas.

    FastAPI leaves every null out of its document, examples included; those then lack fields that are always there.
    """
    for schema in document.get("components", {}).get("schemas", {}).values():
        required = schema.get("required", [])
        nullable = [name for name, part in schema.get("properties", {}).items() if _takes_null(part)]
        for example in schema.get("examples", []):
            for name in nullable:
                if name in required and isinstance(example, dict):
                    example.setdefault(name, None)


def _takes_null(part: dict[str, Any]) -> bool:
    return any(alternative.get("type") == "null" for alternative in part.get("anyOf", []))


def share_examples(document: dict[str, Any]) -> None:
    """Write each named example of an answer once, among the components, and name it from there.

    Every operation can meet the same errors: spelled out at each they are most of the document.
    """
    shared = document.setdefault("components", {}).setdefault("examples", {})
    for _, operation in operations_of(document):
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                _share(shared, content.get("examples", {}))


def _share(shared: dict[str, Any], examples: dict[str, Any]) -> None:
    for name, example in examples.items():
        if shared.setdefault(name, example) == example:
            examples[name] = {"$ref": f"#/components/examples/{name}"}
