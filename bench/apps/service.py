"""The real service, and the process it lives in."""

from collections.abc import Callable

from fastapi import FastAPI

from app.core.config import Settings
from app.main import create_app
from bench.apps.data import settings_of
from lintel.memory import freeze_collector, return_large_blocks
from lintel.observability import configure_logging


def create(*, database_url: str) -> FastAPI:
    """The application."""
    return serving(database_url, create_app)


def serving(database_url: str, make: Callable[[Settings], FastAPI]) -> FastAPI:
    """An application made as `app.main.serving_app` makes it, with everything on."""
    return_large_blocks()
    settings = settings_of(database_url)
    configure_logging(settings)
    app = make(settings)
    freeze_collector()
    return app
