"""The page that `Link: <…>; rel="deprecation"` points to."""

from collections.abc import Mapping
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from lintel.deprecation._deprecation import DEPRECATIONS_PATH
from lintel.deprecation._routes import DeprecatedRoute

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>What is deprecated</title></head>
<body>
<h1>What is deprecated</h1>
<p>It answers as before, and is best not used by anything new.</p>
{entries}</body>
</html>
"""
ENTRY = """<h2 id="{name}"><code>{operation}</code></h2>
<p>Deprecated since {since}. {until}{instead}</p>
<p>{guidance}</p>
"""


def deprecations_page_route() -> BaseRoute:
    """One page about all that is deprecated in an application."""
    return Route(DEPRECATIONS_PATH, _page, methods=["GET"], name="deprecations_page", include_in_schema=False)


async def _page(request: Request) -> Response:
    found: Mapping[str, DeprecatedRoute] = request.app.state.deprecations
    return HTMLResponse(PAGE.format(entries="".join(map(_entry, found.values())) or "<p>Nothing.</p>\n"))


def _entry(route: DeprecatedRoute) -> str:
    declared = route.deprecation
    until = f"It goes on {declared.sunset} at the earliest." if declared.sunset else "No day is set for its end."
    return ENTRY.format(
        name=escape(route.name),
        operation=escape(f"{', '.join(route.methods)} {route.path}"),
        since=declared.since,
        until=until,
        instead="" if route.successor is None else f" Instead: <code>{escape(route.successor)}</code>.",
        guidance=escape(declared.guidance),
    )
