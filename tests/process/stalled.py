"""The service on a network that lets no answer to a POST of analyses or batches out: to be killed just then."""

import asyncio
import os
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.main import serving_app

COMMITTED = "COMMITTED_FILE"
"""Name of the variable that names the file to be made when an answer is ready, after its commit."""
HELD = ("/api/v1/analyses", "/api/v1/batches")


def app() -> ASGIApp:
    """The application as servers get it, behind that network."""
    inner = serving_app()
    file = Path(os.environ[COMMITTED])

    async def stalled(scope: Scope, receive: Receive, send: Send) -> None:
        async def hold(_: Message) -> None:
            file.touch()  # noqa: ASYNC240 - nothing else is to happen here
            await asyncio.Event().wait()

        is_held = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in HELD
        await inner(scope, receive, hold if is_held else send)

    return stalled
