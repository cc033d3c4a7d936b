"""The deprecated routes of an application, and what their answers say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import Formatter

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.types import Scope

from lintel.deprecation._deprecation import DEPRECATIONS_PATH, Deprecation
from lintel.paths import as_reached, quoted

RawHeader = tuple[bytes, bytes]

DEPRECATION_HEADERS = "lintel.deprecation_headers"
"""Under this key of a scope is what answers to the request say of its route. A layer sends it, whoever answers."""


class SuccessorError(Exception):
    """A deprecated route names a successor that is not there, or that asks for more than its own path tells."""


@dataclass(frozen=True, slots=True)
class DeprecatedRoute:
    """A deprecated route, with its whole path.

    Attributes:
        name: Its name.
        methods: Its methods.
        path: The template of its path.
        deprecation: What was declared of it.
        successor: The template of the path to use instead, if there is one.
        dates: The header fields that are the same in every answer.
    """

    name: str
    methods: tuple[str, ...]
    path: str
    deprecation: Deprecation
    successor: str | None
    dates: tuple[RawHeader, ...]

    def headers(self, scope: Scope) -> list[RawHeader]:
        """What an answer to this request says."""
        page = as_reached(scope, f"{DEPRECATIONS_PATH}#{self.name}")
        links = [f'<{page}>; rel="deprecation"; type="text/html"']
        if self.successor is not None:
            values = {name: quoted(str(value)) for name, value in scope["path_params"].items()}
            links.insert(0, f'<{as_reached(scope, self.successor.format(**values))}>; rel="successor-version"')
        return [*self.dates, (b"link", ", ".join(links).encode("latin-1"))]


def install_deprecations(app: FastAPI) -> None:
    """Find the deprecated routes of an application that has all its routers, and let their answers say so.

    Raises:
        SuccessorError: A successor is not there, or asks for more than the deprecated path tells.
    """
    paths = {context.name: context.path_format for context in iter_route_contexts(app.routes)}
    app.state.deprecations = {route.name: route for route in _found(app, paths)}


def announce_deprecation(scope: Scope, name: str) -> None:
    """Leave in the scope what answers are to say, if the named route, which was chosen, is deprecated."""
    found: Mapping[str, DeprecatedRoute] = getattr(scope["app"].state, "deprecations", {})
    if name in found:
        scope[DEPRECATION_HEADERS] = found[name].headers(scope)


def _found(app: FastAPI, paths: Mapping[str | None, str | None]) -> Iterator[DeprecatedRoute]:
    for context in iter_route_contexts(app.routes):
        deprecation = getattr(context.original_route, "deprecation", None)
        if deprecation is not None:
            yield _described(context, deprecation, paths)


def _described(
    context: RouteContext, deprecation: Deprecation, paths: Mapping[str | None, str | None]
) -> DeprecatedRoute:
    name, path, methods = str(context.name), str(context.path_format), tuple(sorted(context.methods or ()))
    wanted = deprecation.successor_of(name)
    successor = None if wanted is None else paths.get(wanted)
    if wanted is not None and (successor is None or not _parameters(successor) <= _parameters(path)):
        raise SuccessorError(f"{name} ({path}) cannot be followed by {wanted} ({successor or 'no such route'})")
    dates = tuple((field.lower().encode(), value.encode()) for field, value in deprecation.dates().items())
    return DeprecatedRoute(name, methods, path, deprecation, successor, dates)


def _parameters(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}
