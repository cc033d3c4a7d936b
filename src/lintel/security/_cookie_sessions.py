"""Sessions of browsers, for services that also serve HTML."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from starlette.datastructures import FormData
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lintel.errors import Unauthenticated, problem_of
from lintel.security._form_tokens import FIELD, HEADER, FormTokens
from lintel.security._pages import CrossSiteRefused, changes, check_page
from lintel.security._principal import Principal
from lintel.security._session_cookie import SessionCookie

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class SessionStore(Protocol):
    """Where a service keeps its sessions."""

    async def begin(self, principal: Principal) -> str:
        """A new session; its id, which no session had before."""
        ...

    async def find(self, session: str) -> Principal | None:
        """Whose a session is; None where it is over or was never there."""
        ...

    async def end(self, session: str) -> None:
        """End a session, if there is one."""
        ...


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """Somebody known by a cookie.

    Attributes:
        id: Of the session.
        principal: Who.
    """

    id: str
    principal: Principal


class CookieSessions:
    """Knows browsers by their cookie, and lets nobody else's page act for them.

    An instance is a dependency: `Annotated[BrowserSession, Depends(sessions)]`. Whoever is known by it has passed both
    checks, so that no endpoint can forget them: what can change something must come from a page of ours, and carry the
    token of its session, in the header `X-CSRF-Token` or the form's field `csrf_token`. (WebSockets carry none; for
    them the page decides.) The form is still there for the endpoint.

    Args:
        store: Where sessions are kept.
        secrets: The first signs; all are accepted.
        trusted_origins: Origins of further pages that may act, as `https://app.example.com`.
        lifetime: How long a browser keeps its cookie; None until it is closed.

    Attributes:
        tokens: Makes the tokens for forms.
    """

    def __init__(
        self,
        store: SessionStore,
        *secrets: str,
        trusted_origins: Collection[str] = (),
        lifetime: timedelta | None = None,
    ) -> None:
        self.tokens = FormTokens(*secrets)
        self._store = store
        self._cookie = SessionCookie(*secrets, lifetime=lifetime)
        self._trusted = frozenset(trusted_origins)

    async def __call__(self, connection: HTTPConnection) -> BrowserSession:
        """Who is known by the request's cookie.

        Raises:
            Unauthenticated: Nobody.
            CrossSiteRefused: It could change something, and somebody else's page may have caused it.
        """
        self.check(connection)
        session = self._cookie.read(connection)
        principal = None if session is None else await self._store.find(session)
        if session is None or principal is None:
            raise Unauthenticated("Sign in first.")
        if isinstance(connection, Request) and changes(connection):
            await self._check_token(connection, session)
        return BrowserSession(session, principal)

    def check(self, connection: HTTPConnection) -> None:
        """Refuse what carries a cookie, could change something, and does not come from a page of ours.

        Raises:
            CrossSiteRefused: It does.
        """
        if changes(connection) and self._cookie.is_sent(connection):
            check_page(connection, self._trusted)

    async def sign_in(self, request: Request, response: Response, principal: Principal) -> BrowserSession:
        """Begin a session for somebody who has just shown who they are.

        Always a new one: one that the browser had before is ended, so that nobody who gave it to the browser is signed
        in along with it (fixation). Sign-in forms have no session yet, but another page could sign somebody in as
        somebody else, so the page is checked here as well.

        Raises:
            CrossSiteRefused: The request does not come from a page of ours.
            RuntimeError: The store gave out a session that was there before.
        """
        check_page(request, self._trusted)
        before = self._cookie.read(request)
        session = await self._store.begin(principal)
        if session == before:
            raise RuntimeError("a session was given out twice")
        if before is not None:
            await self._store.end(before)
        self._cookie.set(response, session)
        return BrowserSession(session, principal)

    async def sign_out(self, response: Response, session: BrowserSession) -> None:
        """End a session, and take the cookie back."""
        await self._store.end(session.id)
        self._cookie.clear(response)

    async def _check_token(self, request: Request, session: str) -> None:
        tokens: list[object] = [*request.headers.getlist(HEADER)]
        if not tokens and request.headers.get("content-type", "").lower().startswith(FORMS):
            form: FormData = await request.form()  # kept by the request
            tokens = [*form.getlist(FIELD)]
        match tokens:
            case [str(token)] if self.tokens.is_good(token, session):
                return
            case _:
                raise CrossSiteRefused


class CrossSiteMiddleware:
    """Refuses what `CookieSessions.check` refuses before anything else of the request is looked at.

    Without it the same is refused by the dependency, but after what is wrong with a body or a path.

    Args:
        app: The application within.
        sessions: Whose cookie it is about.
    """

    def __init__(self, app: ASGIApp, sessions: CookieSessions) -> None:
        self.app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            try:
                self._sessions.check(HTTPConnection(scope))
            except CrossSiteRefused as error:
                await problem_of(error, scope["path"])(scope, receive, send)
                return
        await self.app(scope, receive, send)
