"""The same endpoint under our own factory, with all layers, the innermost of them, or all but some."""

from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Any

from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware

from bench.apps.item import PATH, read_item
from bench.apps.settings import ALL_ON
from lintel.application import create_app
from lintel.observability import configure_logging
from lintel.routing import Router
from lintel.settings import LintelSettings, load_settings


def create(*, innermost: int | None = None, without: Collection[str] = ()) -> FastAPI:
    """The application.

    Args:
        innermost: Keep only so many of the layers around FastAPI, counted from it outwards; None keeps all.
        without: Names of layers to leave out.
    """
    settings = load_settings(LintelSettings, env_file=None, **ALL_ON)
    configure_logging(settings)
    app = _application(settings)
    layers = list(_layers(app.build_middleware_stack()))
    own = len(layers) - 1
    kept = layers[own - (own if innermost is None else innermost) :]
    app.middleware_stack = _linked([layer for layer in kept if type(layer).__name__ not in without])
    return app


def layer_names() -> list[str]:
    """The layers that are on, from FastAPI outwards, as the stack has them today."""
    app = _application(load_settings(LintelSettings, env_file=None, **ALL_ON))
    return [type(layer).__name__ for layer in _layers(app.build_middleware_stack())][-2::-1]


def _application(settings: LintelSettings) -> FastAPI:
    router = Router()
    router.get(PATH)(read_item)
    return create_app(settings, routers=[router], public_routes=[f"GET {PATH}"], authenticators=[])


def _layers(stack: Any) -> Iterator[Any]:
    """Every layer from the outside in; the last is FastAPI's own stack."""
    while not isinstance(stack, ServerErrorMiddleware):
        yield stack
        stack = stack.app
    yield stack


def _linked(layers: list[Any]) -> Any:
    for layer, within in pairwise(layers):
        layer.app = within
    return layers[0]
