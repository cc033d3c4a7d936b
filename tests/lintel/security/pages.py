"""The application of docs/guides/html.md, as it stands there, with a store in memory."""

import re
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, FastAPI, File, Form, UploadFile, WebSocket

from lintel.errors import Unauthenticated
from lintel.routing import Router
from lintel.security import BrowserSession, CookieSessions, Principal
from lintel.settings import LintelSettings
from tests.conftest import ROOT

GUIDE = (ROOT / "docs" / "guides" / "html.md").read_text(encoding="utf-8")
MIDDLEWARE = "middleware=[Middleware(CrossSiteMiddleware, sessions=sessions)],"
ADA = Principal(7)


class MemoryStore:
    """Sessions of one process."""

    def __init__(self) -> None:
        self.sessions: dict[str, Principal] = {}

    async def begin(self, principal: Principal) -> str:
        session = str(uuid4())
        self.sessions[session] = principal
        return session

    async def find(self, session: str) -> Principal | None:
        return self.sessions.get(session)

    async def end(self, session: str) -> None:
        self.sessions.pop(session, None)


async def authenticate(email: str, password: str) -> Principal:
    if (email, password) != ("ada@example.com", "Lovelace1815"):
        raise Unauthenticated
    return ADA


class Pages:
    """The guide's application, with or without its middleware, and more routes for those who are signed in."""

    def __init__(self, settings: LintelSettings, *, middleware: bool = True) -> None:
        self.store = MemoryStore()
        [program] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
        changes = {"routers=[router],": "routers=[router, more(sessions)],"}
        if not middleware:
            changes[MIDDLEWARE] = ""
        for before, after in changes.items():
            assert before in program
            program = program.replace(before, after)
        names: dict[str, Any] = {
            "store": self.store,
            "settings": settings,
            "authenticate": authenticate,
            "more": more,
        }
        exec(program, names)  # noqa: S102 - the guide's
        self.sessions: CookieSessions = names["sessions"]
        self.app: FastAPI = names["app"]


def more(sessions: CookieSessions) -> APIRouter:
    known = Depends(sessions)
    router = Router()

    @router.post("/notes")
    async def note(text: Annotated[str, Form()], session: Annotated[BrowserSession, known]) -> dict[str, Any]:
        return {"text": text, "by": session.principal.id}

    @router.put("/notes")
    async def replace(text: dict[str, str], _: Annotated[BrowserSession, known]) -> dict[str, str]:
        return text

    @router.post("/pictures")
    async def picture(picture: Annotated[UploadFile, File()], _: Annotated[BrowserSession, known]) -> dict[str, int]:
        return {"bytes": len(await picture.read())}

    @router.websocket("/news")
    async def news(socket: WebSocket, session: Annotated[BrowserSession, known]) -> None:
        await socket.accept()
        await socket.send_json({"for": session.principal.id})
        await socket.close()

    return router
