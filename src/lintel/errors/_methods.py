"""What may be done with a path."""

from fastapi.routing import iter_route_contexts
from starlette.routing import Match
from starlette.types import Scope


def allowed_methods(scope: Scope) -> list[str]:
    """Every method that some route has for the path of a request (RFC 9110, 15.5.6).

    The router names those of the first route with this path only; and HEAD, which is answered wherever GET is, it does
    not know.
    """
    methods: set[str] = set()
    for context in iter_route_contexts(scope["app"].routes):
        # As if nothing had been chosen yet: a route writes what it finds into the scope it is given.
        asked = {key: scope[key] for key in ("type", "path", "root_path", "method") if key in scope}
        if context.methods and context.matches(asked)[0] is not Match.NONE:
            methods |= context.methods
    if "GET" in methods:
        methods.add("HEAD")
    return sorted(methods)
