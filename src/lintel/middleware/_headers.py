"""Headers as the server hands them over: a short list of pairs, names in lower case.

Starlette's `Headers` decodes the whole list for one look-up; a layer that every request passes through cannot pay that.
"""

from collections.abc import Iterable, Mapping

from starlette.types import Scope

RawHeader = tuple[bytes, bytes]

INDEX = "lintel.headers"


def request_headers(scope: Scope) -> Mapping[bytes, bytes]:
    """The first value of each header of a request; made by the first layer that asks, for all of them."""
    index: Mapping[bytes, bytes] | None = scope.get(INDEX)
    if index is None:
        index = scope[INDEX] = dict(reversed([*scope["headers"]]))
    return index


def find_header(headers: Iterable[RawHeader], name: bytes) -> bytes | None:
    """The first value of a header; `name` in lower case."""
    for key, value in headers:
        if key == name:
            return value
    return None


def raw_headers(headers: Iterable[tuple[str, str]]) -> list[RawHeader]:
    """Pairs of text as pairs of bytes."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def add_missing(headers: list[RawHeader], defaults: Iterable[RawHeader]) -> None:
    """Add those of `defaults` that are not there yet."""
    present = dict(headers)
    for item in defaults:
        if item[0] not in present:
            headers.append(item)  # noqa: PERF401 - a comprehension is one call more on 3.11


def add_vary(headers: list[RawHeader], value: bytes) -> None:
    """Tell caches that the answer depends on one more request header."""
    for position, (name, present) in enumerate(headers):
        if name == b"vary":
            headers[position] = (name, b"%b, %b" % (present, value))
            return
    headers.append((b"vary", value))
