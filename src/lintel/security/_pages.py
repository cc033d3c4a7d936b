"""From which page a request comes, as browsers tell."""

from collections.abc import Collection
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from lintel.errors import PermissionDenied

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110, 9.2.1)."""
OURS = frozenset({"same-origin", "none"})
"""`Sec-Fetch-Site` of our own pages and of what somebody typed or clicked outside of any page."""
DEFAULT_PORTS = {"http": 80, "https": 443}
SECURE = frozenset({"https", "wss"})


class CrossSiteRefused(PermissionDenied):
    """Something that somebody else's page may have caused."""

    code = "CROSS_SITE_REFUSED"
    title = "The request does not come from our pages"
    meaning = (
        "What is done by somebody who is known by a cookie must come from a page of this service, with the token of "
        "its form. Load the page again, and try once more."
    )


def changes(connection: HTTPConnection) -> bool:
    """Whether a request can change something; a WebSocket can."""
    return connection.scope["type"] == "websocket" or connection.scope["method"] not in SAFE


def check_page(connection: HTTPConnection, trusted: Collection[str] = ()) -> None:
    """Refuse a request that does not come from a page of ours.

    `Sec-Fetch-Site` decides where it is sent: pages cannot forge it, and a form of ours may come with `Origin: null`
    where our pages send no referrer. Older browsers send `Origin` only. A page of a neighbouring subdomain is not ours.

    Args:
        connection: The request or WebSocket.
        trusted: Origins of further pages, as `https://app.example.com`.

    Raises:
        CrossSiteRefused: It comes from elsewhere, or nothing says where it comes from.
    """
    sites, origins = (connection.headers.getlist(name) for name in ("sec-fetch-site", "origin"))
    if len(sites) > 1 or len(origins) > 1 or not (sites or origins):
        raise CrossSiteRefused
    if origins and origins[0] in trusted and origins[0] != "null":
        return
    if not (sites[0] in OURS if sites else _is_here(origins[0], connection)):
        raise CrossSiteRefused


def _is_here(origin: str, connection: HTTPConnection) -> bool:
    scheme, _, rest = origin.partition("://")
    default = DEFAULT_PORTS.get(scheme)
    if default is None or (connection.scope["scheme"] in SECURE and scheme != "https"):
        return False
    place = _place(rest, default)
    return place is not None and place == _place(connection.headers.get("host", ""), default)


def _place(authority: str, default: int) -> tuple[str, int] | None:
    with suppress(ValueError):  # a port that is no number
        parts = urlsplit(f"//{authority}")
        if parts.hostname and parts.netloc == authority:
            return parts.hostname, parts.port or default
    return None
