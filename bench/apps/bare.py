"""FastAPI and nothing else."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.apps.item import PATH, read_item


def create(*, layers: int = 0) -> FastAPI:
    """The endpoint directly on the application, within so many layers that do nothing."""
    app = FastAPI()
    app.get(PATH)(read_item)
    for _ in range(layers):
        app.add_middleware(Nothing)
    return app


class Nothing:
    """The least that a layer can be: it looks at the scope and calls what is within."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await self.app(scope, receive, send)
