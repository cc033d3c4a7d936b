"""How deprecations are declared in OpenAPI."""

from collections.abc import Iterable, Iterator
from typing import Any

from lintel.deprecation._routes import DeprecatedRoute
from lintel.openapi import LINK, ResponseHeader, add_headers

DEPRECATION = ResponseHeader("Deprecation", "Since when the operation is deprecated: `@` and Unix seconds (RFC 9745).")
SUNSET = ResponseHeader("Sunset", "Until when the operation answers at least: an HTTP date (RFC 8594).")
BEFORE_ANY_ROUTE = frozenset({"429"})
"""Answered to whoever asks too often, whatever they ask."""


def declare_deprecations(document: dict[str, Any], routes: Iterable[DeprecatedRoute]) -> None:
    """Say of deprecated operations when they go, what to do instead, and which headers tell so."""
    for route in routes:
        for operation in _operations_of(document, route):
            operation["deprecated"] = True
            operation["description"] = f"{operation['description']}\n\n{_words(route)}"
            headers = [DEPRECATION, *([SUNSET] if route.deprecation.sunset else []), LINK]
            for status, response in operation["responses"].items():
                if status not in BEFORE_ANY_ROUTE:
                    add_headers(document, response, headers)


def _operations_of(document: dict[str, Any], route: DeprecatedRoute) -> Iterator[dict[str, Any]]:
    item = document.get("paths", {}).get(route.path, {})
    return (item[method.lower()] for method in route.methods if method.lower() in item)


def _words(route: DeprecatedRoute) -> str:
    declared = route.deprecation
    successor = declared.successor_of(route.name)
    parts = [f"**Deprecated** since {declared.since}"]
    parts += [f"; goes on {declared.sunset} at the earliest"] if declared.sunset else []
    instead = [f" Use `{successor}` (`{route.successor}`) instead."] if successor else []
    return "".join([*parts, ".", *instead, f" {declared.guidance}"])
