"""Lists in the OpenAPI document: their headers, and items with fewer fields."""

from collections.abc import Iterator
from typing import Any

from lintel.openapi import ResponseHeader, add_headers, operations_of

OF_A_LIST = frozenset({"items", "size", "links"})
"""Fields by which an answer is known to be part of a list."""
HEADERS = (
    ResponseHeader("Link", "The neighbouring pages: first, prev, next and last."),
    ResponseHeader("X-Total-Count", "Items on all pages, where they were counted.", "integer"),
    ResponseHeader("X-Page-Count", "Number of pages, where they were counted.", "integer"),
)


def declare_lists(document: dict[str, Any]) -> None:
    """Declare the headers of lists, and that `fields` leaves out others."""
    for _, operation in operations_of(document):
        answer = operation["responses"].get("200", {})
        pages = list(_pages(document, answer))
        if not pages:
            continue
        add_headers(document, answer, HEADERS)
        if any(parameter.get("name") == "fields" for parameter in operation.get("parameters", [])):
            for page in pages:
                _declare_sparse(document, page["properties"]["items"])


def _pages(document: dict[str, Any], answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    for alternative in schema.get("anyOf", [schema]):
        found = document.get("components", {}).get("schemas", {}).get(_name(alternative), {})
        if found.get("properties", {}).keys() >= OF_A_LIST:
            yield found


def _declare_sparse(document: dict[str, Any], items: dict[str, Any]) -> None:
    whole = items["items"]
    if "$ref" not in whole:
        return
    schemas = document["components"]["schemas"]
    name = f"{_name(whole)}Sparse"
    fields = {key: value for key, value in schemas[_name(whole)].items() if key not in {"required", "examples"}}
    schemas[name] = {**fields, "title": name, "description": "The same with the fields that were asked for."}
    items["items"] = {"anyOf": [whole, {"$ref": f"#/components/schemas/{name}"}]}


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
