"""Which route answered, under its whole path."""

from starlette.types import Scope

ROUTE_LISTENER = "lintel.route_listener"
"""Under this key of a scope a layer can leave a function: a `StrictRoute` that was chosen calls it with the scope."""


def effective_path(scope: Scope) -> str | None:
    """The template of the route that was chosen, with the prefixes it was included under; None if none was.

    FastAPI keeps included routers as a tree, and `scope["route"]` knows only its own part of the path: `/{id}` under
    both v1 and v2. The whole is kept beside it, under a name that is not public, hence the fallback.
    """
    context = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(context, "path_format", None) or getattr(scope.get("route"), "path_format", None)
    return path if isinstance(path, str) else None
