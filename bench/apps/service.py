"""The real service."""

from fastapi import FastAPI

from app.main import create_app
from bench.apps.data import settings_of
from lintel.observability import configure_logging


def create(*, database_url: str) -> FastAPI:
    """As `app.main.serving_app` makes it, everything on."""
    settings = settings_of(database_url)
    configure_logging(settings)
    return create_app(settings)
