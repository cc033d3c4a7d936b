from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Form, Path, Query

from app.api.callers import SignedIn
from app.api.deps import SessionServiceDep
from app.core.exceptions import InactiveUser, RefreshTokenUsed, SessionNotFound, WrongCredentials
from app.core.limits import AUTH
from app.schemas.auth import LoginForm, RefreshRequest, Token
from app.schemas.sessions import SessionQuery, SessionRead
from lintel.api import ClientDep, CursorPage, Page, PagerDep
from lintel.errors import TooManyRequests, Unauthenticated, problems
from lintel.ratelimit import costs
from lintel.routing import Router

router = Router(prefix="/auth", tags=["auth"])

SessionId = Annotated[UUID, Path(description="Id of a session.")]
Everywhere = Annotated[bool, Query(description="End all your sessions, not just this one.")]


@router.post("/login", summary="Sign in", responses=problems(WrongCredentials, InactiveUser, TooManyRequests))
@costs(of=AUTH)
async def login(form: Annotated[LoginForm, Form()], sessions: SessionServiceDep, client: ClientDep) -> Token:
    """Exchange your e-mail address (as `username`) and password for an access token and a refresh token."""
    return await sessions.login(form, client)


@router.post("/refresh", summary="Stay signed in", responses=problems(Unauthenticated, RefreshTokenUsed, InactiveUser))
@costs(of=AUTH)
async def refresh(request: RefreshRequest, sessions: SessionServiceDep, client: ClientDep) -> Token:
    """Exchange a refresh token for a new access token and the next refresh token. Each is good once.

    Tabs that refresh at the same moment get the same next one. Later a used token ends the session: it was stolen.
    """
    return await sessions.refresh(request, client)


@router.post("/logout", status_code=204, summary="Sign out")
async def logout(me: SignedIn, sessions: SessionServiceDep, *, everywhere: Everywhere = False) -> None:
    """End this session, or all of yours. Their tokens stop working at once."""
    await sessions.logout(me, everywhere=everywhere)


@router.get("/sessions", summary="List your sessions")
async def list_sessions(
    query: Annotated[SessionQuery, Query()], me: SignedIn, sessions: SessionServiceDep, pager: PagerDep
) -> Page[SessionRead] | CursorPage[SessionRead]:
    """List where you are signed in, page by page."""
    return await pager.answer(query, partial(sessions.list_sessions, me))


@router.delete("/sessions", status_code=204, summary="End all other sessions")
async def end_other_sessions(me: SignedIn, sessions: SessionServiceDep) -> None:
    """Sign out everywhere but here."""
    await sessions.end_other_sessions(me)


@router.delete("/sessions/{session_id}", status_code=204, summary="End a session", responses=problems(SessionNotFound))
async def end_session(session_id: SessionId, me: SignedIn, sessions: SessionServiceDep) -> None:
    """Sign out in one place. Its tokens stop working at once."""
    await sessions.end_session(me, session_id)
