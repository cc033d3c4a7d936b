"""The pages that a problem's `type` points to."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from lintel.errors._problem import TYPE_PREFIX, problem_type
from lintel.errors._statuses import known_kinds, status_of
from lintel.errors._tree import NotFound, ServiceError

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>{title}</h1>
<p>HTTP status {status}, error_code <code>{code}</code></p>
<p>{meaning}</p>
</body>
</html>
"""


def problem_page_routes() -> list[BaseRoute]:
    """A page about each kind of error, under `/problems/`."""
    return [Route(f"{TYPE_PREFIX}{{slug}}", _page, methods=["GET"], name="problem_page", include_in_schema=False)]


async def _page(request: Request) -> Response:
    wanted = TYPE_PREFIX + request.path_params["slug"]
    kind = next((kind for kind in known_kinds() if problem_type(kind.code) == wanted), None)
    if kind is None:
        raise NotFound
    return HTMLResponse(_html(kind))


def _html(kind: type[ServiceError]) -> str:
    return PAGE.format(
        title=escape(kind.title), status=int(status_of(kind)), code=escape(kind.code), meaning=escape(kind.meaning)
    )
