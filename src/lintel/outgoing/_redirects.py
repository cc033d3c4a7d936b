"""What follows from a redirect."""

import httpx2

from lintel.outgoing._destinations import DEFAULT_PORTS, Destinations, host_of
from lintel.outgoing._errors import OutgoingRefused

STATUSES = frozenset({301, 302, 303, 307, 308})
FOLLOWED = frozenset({"GET", "HEAD"})
"""Others change something: their sender meant it for the place it was sent to, and reads the redirect as the answer."""
HARMLESS = frozenset({"accept", "accept-encoding", "accept-language", "user-agent", "x-request-id"})
"""Headers that say nothing secret; all others stay with the origin that they were meant for."""


def redirected(request: httpx2.Request, response: httpx2.Response, destinations: Destinations) -> httpx2.Request | None:
    """The request that follows; None where the answer is no redirect to be followed.

    Raises:
        OutgoingRefused: It leads where calls may not go, or from https to http.
    """
    location = response.headers.get("location")
    if response.status_code not in STATUSES or location is None or request.method not in FOLLOWED:
        return None
    try:
        url = request.url.join(location)
    except (httpx2.InvalidURL, ValueError):
        raise OutgoingRefused("not a URL") from None
    url = destinations.check_url(url)
    if (request.url.scheme, url.scheme) == ("https", "http"):
        raise OutgoingRefused("redirect to http")
    headers = [(name, value) for name, value in request.headers.multi_items() if name != "host"]
    if _origin(request.url) != _origin(url):
        headers = [(name, value) for name, value in headers if name in HARMLESS]
    return httpx2.Request(request.method, url, headers=headers, extensions=request.extensions)


def _origin(url: httpx2.URL) -> tuple[str, str, int]:
    return url.scheme, host_of(url), url.port or DEFAULT_PORTS[url.scheme]
