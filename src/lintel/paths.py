"""Paths as they are written in headers."""

from urllib.parse import quote

from starlette.types import Scope

IN_A_PATH = "/!$&'()*+,;=:@"
"""What stands for itself in a path (RFC 3986, 3.3), beside letters, digits and `-._~`."""


def quoted(path: str) -> str:
    """A path as it is written in a header or a link: whatever is in its parameters, it cannot end the line."""
    return quote(path, safe=IN_A_PATH)


def as_reached(scope: Scope, path: str) -> str:
    """A path of this application as clients reach it, below where it is mounted."""
    root = scope.get("root_path")
    return f"{quoted(root)}{path}" if root else path
