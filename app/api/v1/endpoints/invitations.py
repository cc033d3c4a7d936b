from typing import Annotated

from fastapi import Query

from app.api.callers import UsersManage
from app.api.deps import InvitationServiceDep
from app.core.exceptions import InvitationNotFound, RegistrationClosed
from app.schemas.invitations import InvitationCreate, InvitationQuery, InvitationRead
from lintel.api import CursorPage, LocatorDep, Page, PagerDep, PathId
from lintel.errors import AlreadyExists, problems
from lintel.routing import Router

router = Router(prefix="/invitations", tags=["users"])


@router.post("", status_code=201, summary="Invite somebody", responses=problems(AlreadyExists, RegistrationClosed))
async def create_invitation(
    new: InvitationCreate, me: UsersManage, invitations: InvitationServiceDep, locate: LocatorDep
) -> InvitationRead:
    """Have a mail sent that lets the owner of an address register, with the role that you give; for administrators."""
    made = await invitations.create_invitation(me, new)
    return locate.created("read_invitation", made, invitation_id=made.id)


@router.get("", summary="List invitations")
async def list_invitations(
    query: Annotated[InvitationQuery, Query()], _: UsersManage, invitations: InvitationServiceDep, pager: PagerDep
) -> Page[InvitationRead] | CursorPage[InvitationRead]:
    """List the invitations that nobody has accepted page by page, those that have expired among them."""
    return await pager.answer(query, invitations.list_invitations)


@router.get("/{invitation_id}", summary="Read an invitation", responses=problems(InvitationNotFound))
async def read_invitation(invitation_id: PathId, _: UsersManage, invitations: InvitationServiceDep) -> InvitationRead:
    """Read an invitation that nobody has accepted; for administrators."""
    return await invitations.get_invitation(invitation_id)


@router.delete(
    "/{invitation_id}", status_code=204, summary="Revoke an invitation", responses=problems(InvitationNotFound)
)
async def revoke_invitation(invitation_id: PathId, me: UsersManage, invitations: InvitationServiceDep) -> None:
    """Revoke an invitation. Its token is worth nothing from then on."""
    await invitations.revoke_invitation(me, invitation_id)
