"""Sessions as they are answered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from lintel.api import ListQuery, ResponseModel, fields_of


class SessionRead(ResponseModel):
    """That you are signed in somewhere."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01a1fe7c-e4ae-70df-8735-e9f71437e821",
                    "is_current": True,
                    "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0",
                    "ip_address": "203.0.113.7",
                    "created_at": "2026-11-20T10:30:00Z",
                    "last_used_at": "2026-11-21T08:00:00Z",
                    "expires_at": "2026-12-05T08:00:00Z",
                }
            ]
        }
    )

    id: Annotated[UUID, Field(description="Id of the session.")]
    is_current: Annotated[bool, Field(description="Whether you asked with it.")]
    user_agent: Annotated[str | None, Field(description="What the program called itself that signed in or refreshed.")]
    ip_address: Annotated[str | None, Field(description="From where it did.")]
    created_at: Annotated[datetime, Field(description="When you signed in (UTC).")]
    last_used_at: Annotated[datetime, Field(description="When you signed in or refreshed last (UTC).")]
    expires_at: Annotated[datetime, Field(description="When it ends unless it is refreshed before (UTC).")]


class SessionSort(StrEnum):
    """What a list of sessions can be sorted by."""

    CREATED_AT = "created_at"
    LAST_USED_AT = "last_used_at"
    EXPIRES_AT = "expires_at"


class SessionQuery(ListQuery):
    """The query of the list of sessions."""

    fields: Annotated[str | None, fields_of(SessionRead)] = None
    sort_by: Annotated[SessionSort, Field(description="What to sort by.")] = SessionSort.CREATED_AT
