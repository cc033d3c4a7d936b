"""How limits are declared in OpenAPI."""

from collections.abc import Collection
from typing import Any

from lintel.errors import TooManyRequests, problems
from lintel.openapi import ResponseHeader, add_headers, operations_of

FIELDS = (
    ResponseHeader("RateLimit", "Of each policy: requests left (`r`), and seconds until there are more (`t`)."),
    ResponseHeader("RateLimit-Policy", "The policies that apply: requests allowed (`q`) in so many seconds (`w`)."),
    ResponseHeader("X-RateLimit-Limit", "Requests allowed by the policy with least left.", "integer"),
    ResponseHeader("X-RateLimit-Remaining", "Requests left of it.", "integer"),
    ResponseHeader("X-RateLimit-Reset", "Seconds until there are more.", "integer"),
)


def declare_rate_limits(document: dict[str, Any], *, uncounted: Collection[str]) -> None:
    """Add 429 to every counted operation, and to each of its answers the fields that say how things stand.

    Args:
        document: The whole document.
        uncounted: Paths whose operations are not counted.
    """
    for path, operation in operations_of(document):
        if path in uncounted:
            continue
        for status, response in problems(TooManyRequests).items():
            operation["responses"].setdefault(str(status), response)
        operation["responses"] = dict(sorted(operation["responses"].items()))
        for response in operation["responses"].values():
            add_headers(document, response, FIELDS)
