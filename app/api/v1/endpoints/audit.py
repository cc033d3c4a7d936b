from functools import partial
from typing import Annotated

from fastapi import Query

from app.api.callers import AuditLogRead, SignedIn
from app.api.deps import AuditLogDep
from app.schemas.audit import AuditQuery, AuditRead, SecurityEventQuery, SecurityEventRead
from lintel.api import CursorPage, Page, PagerDep
from lintel.routing import Router

router = Router()


@router.get("/audit", tags=["audit"], summary="List what was done")
async def list_audit(
    query: Annotated[AuditQuery, Query()], _: AuditLogRead, audit: AuditLogDep, pager: PagerDep
) -> Page[AuditRead] | CursorPage[AuditRead]:
    """List who did what to whom, when and from where, page by page; for administrators."""
    return await pager.answer(query, audit.list_entries)


@router.get("/users/me/security-events", tags=["users"], summary="List what was done with your account")
async def list_security_events(
    query: Annotated[SecurityEventQuery, Query()], me: SignedIn, audit: AuditLogDep, pager: PagerDep
) -> Page[SecurityEventRead] | CursorPage[SecurityEventRead]:
    """List who signed in or tried to, and what was changed, page by page."""
    return await pager.answer(query, partial(audit.list_events, me))
