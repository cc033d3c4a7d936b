"""The real service, and the same with its passwords hashed on the event loop, as many applications do it."""

from fastapi import FastAPI

from app.core.config import Settings
from app.main import create_app
from app.services.container import Services
from bench.apps.service import serving
from lintel.security import PasswordHasher


class OnTheLoop(PasswordHasher):
    """Does its work where it is called, and so holds everything else up."""

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return self._present.hash(password.encode())

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        """Whether a password is right."""
        return self._verify(password.encode(), stored or "")


def create(*, database_url: str, on_the_loop: bool = False) -> FastAPI:
    """The application."""

    def make(settings: Settings) -> FastAPI:
        passwords = OnTheLoop() if on_the_loop else None
        return create_app(settings, services=Services.of(settings, passwords=passwords))

    return serving(database_url, make)
