"""Invitations as they are made and answered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app.core.enums import UserRole
from lintel.api import EmailAddress, ListQuery, RequestModel, ResponseModel, fields_of

EXAMPLE: dict[str, Any] = {
    "id": 3,
    "email": "ada@example.com",
    "role": "moderator",
    "invited_by": 1,
    "created_at": "2026-11-20T10:30:00Z",
    "expires_at": "2026-11-27T10:30:00Z",
}


class InvitationCreate(RequestModel):
    """Who is invited, and what for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": EXAMPLE["email"], "role": EXAMPLE["role"]}]})

    email: Annotated[EmailAddress, Field(description="The address that the mail goes to, and that the account has.")]
    role: Annotated[UserRole, Field(description="What the new user may do.")] = UserRole.USER


class InvitationRead(ResponseModel):
    """An invitation, without its token."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Annotated[int, Field(description="Number of the invitation.")]
    email: Annotated[str, Field(description="Who is invited.")]
    role: Annotated[UserRole, Field(description="What they may do once they have registered.")]
    invited_by: Annotated[int, Field(description="Number of the user who invited them.")]
    created_at: Annotated[datetime, Field(description="When that was (UTC).")]
    expires_at: Annotated[datetime, Field(description="Until when it is good (UTC).")]


class InvitationSort(StrEnum):
    """What a list of invitations can be sorted by."""

    CREATED_AT = "created_at"
    EXPIRES_AT = "expires_at"
    EMAIL = "email"


class InvitationQuery(ListQuery):
    """The query of the list of invitations."""

    fields: Annotated[str | None, fields_of(InvitationRead)] = None
    sort_by: Annotated[InvitationSort, Field(description="What to sort by.")] = InvitationSort.CREATED_AT
