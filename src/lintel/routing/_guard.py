"""No route is open by accident."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import WebSocketRoute


class UnguardedRouteError(Exception):
    """A route neither asks who is calling nor is listed as public."""


def check_routes_guarded(
    app: FastAPI, *, public: Collection[str], authenticators: Collection[Callable[..., Any]]
) -> None:
    """Refuse to start an application with a route that is open by accident.

    Args:
        app: The application, with all its routers.
        public: The routes that anybody may call, as `GET /health`; `*` at the end for every path below.
        authenticators: Dependencies that let only known callers through.

    Raises:
        UnguardedRouteError: Names the routes that are neither, or the entries of `public` that name no route.
    """
    unused = set(public)
    open_routes = []
    for context in iter_route_contexts(app.routes):
        for name in route_names(context):
            listed = {entry for entry in public if _names(entry, name)}
            unused -= listed
            if not listed and not _is_guarded(context, authenticators):
                open_routes.append(name)
    if open_routes:
        raise UnguardedRouteError(f"routes neither guarded nor listed as public: {', '.join(sorted(open_routes))}")
    if unused:
        raise UnguardedRouteError(f"listed as public, but no such route: {', '.join(sorted(unused))}")


def route_names(context: RouteContext) -> Iterator[str]:
    """`METHOD /path/{template}` of each method of a route; `WEBSOCKET` and `ANY` where there is no method."""
    is_websocket = isinstance(context.original_route, WebSocketRoute)
    for method in sorted(context.methods or {"WEBSOCKET" if is_websocket else "ANY"}):
        if method != "HEAD" or "GET" not in (context.methods or ()):
            yield f"{method} {context.path}"


def _names(entry: str, name: str) -> bool:
    return name.startswith(entry[:-1]) if entry.endswith("*") else name == entry


def _is_guarded(context: RouteContext, authenticators: Collection[Callable[..., Any]]) -> bool:
    dependant = getattr(context, "dependant", None)
    return isinstance(dependant, Dependant) and any(call in authenticators for call in _calls(dependant))


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)
