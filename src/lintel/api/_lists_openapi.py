"""Lists in the OpenAPI document: their headers, and items with fewer fields."""

from collections.abc import Iterator, Sequence
from typing import Any

from lintel.api._lists import CursorLinks, CursorPage, Links, Page
from lintel.openapi import LINK, ResponseHeader, add_headers, operations_of

OF_A_LIST = frozenset({"items", "size", "links"})
"""Fields by which an answer is known to be part of a list."""
NUMBERED_ONLY = frozenset({"page", "count"})
"""Parameters that a list by cursor has not."""
TOTALS = (
    ResponseHeader("X-Total-Count", "Items on all pages, where they were counted.", "integer"),
    ResponseHeader("X-Page-Count", "Number of pages, where they were counted.", "integer"),
)


def declare_lists(document: dict[str, Any]) -> None:
    """Declare the headers of lists, what they look like, and that `fields` leaves out others."""
    for path, operation in operations_of(document):
        answer = operation["responses"].get("200", {})
        pages = list(_pages(document, answer))
        if not pages:
            continue
        is_counted = any("total" in page["properties"] for page in pages)
        add_headers(document, answer, [LINK, *TOTALS] if is_counted else [LINK])
        _forget_defaults(operation)
        _declare_examples(document, answer, pages, path)
        if any(parameter.get("name") == "fields" for parameter in operation.get("parameters", [])):
            for page in pages:
                _declare_sparse(document, page["properties"]["items"])


def _pages(document: dict[str, Any], answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    for alternative in schema.get("anyOf", [schema]):
        found = document.get("components", {}).get("schemas", {}).get(_name(alternative), {})
        if found.get("properties", {}).keys() >= OF_A_LIST:
            yield found


def _forget_defaults(operation: dict[str, Any]) -> None:
    """A default that depends on another parameter is none: generated clients would send it with a cursor as well."""
    for parameter in operation.get("parameters", []):
        if parameter["name"] in NUMBERED_ONLY:
            parameter["schema"].pop("default", None)


def _declare_examples(
    document: dict[str, Any], answer: dict[str, Any], pages: Sequence[dict[str, Any]], path: str
) -> None:
    """One list in each of its forms, of the first example of its items."""
    item = pages[0]["properties"]["items"]["items"]
    whole = item.get("anyOf", [item])[0]
    items = document["components"]["schemas"].get(_name(whole), {}).get("examples", [])[:1]
    if not items:
        return
    examples = answer["content"]["application/json"]["examples"] = {}
    if any("page" in page["properties"] for page in pages):
        examples["by_number"] = {"summary": "A page, by its number", "value": _numbered(items, path)}
    if any("next_cursor" in page["properties"] for page in pages):
        examples["by_cursor"] = {"summary": "A part, by its cursor", "value": _by_cursor(items, path)}


def _numbered(items: list[Any], path: str) -> dict[str, Any]:
    only = f"{path}?page=1"
    links = Links(self_=only, first=only, prev=None, next=None, last=only)
    page: Page[Any] = Page(items=items, page=1, size=20, total=1, pages=1, has_next=False, has_prev=False, links=links)
    return page.model_dump(mode="json", by_alias=True)


def _by_cursor(items: list[Any], path: str) -> dict[str, Any]:
    only = f"{path}?cursor="
    links = CursorLinks(self_=only, first=only, prev=None, next=None)
    part: CursorPage[Any] = CursorPage(items=items, size=20, next_cursor=None, prev_cursor=None, links=links)
    return part.model_dump(mode="json", by_alias=True)


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
