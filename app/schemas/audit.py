"""Entries of the audit log as they are answered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from app.core.audit import ActorKind, AuditAction, AuditOutcome, TargetKind
from lintel.api import MAX_ID, Instant, ListQuery, ResponseModel, fields_of

ADDRESS = r"^[0-9A-Fa-f:.]+$"
TARGET = r"^[A-Za-z0-9_-]+$"


class AuditRead(ResponseModel):
    """That somebody did something, or tried."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 812,
                    "created_at": "2026-11-20T10:30:00Z",
                    "action": "user.role_changed",
                    "outcome": "succeeded",
                    "actor_kind": "user",
                    "actor_id": 1,
                    "api_key_id": None,
                    "user_id": 7,
                    "target_kind": "user",
                    "target_id": "7",
                    "ip_address": "203.0.113.7",
                    "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0",
                    "request_id": "01a1fe7c-e4ab-7c3e-9d0b-3e0f5a1b2c4d",
                    "detail": {"from": "user", "to": "moderator"},
                }
            ]
        }
    )

    id: Annotated[int, Field(description="Number of the entry.")]
    created_at: Annotated[datetime, Field(description="When (UTC).")]
    action: Annotated[AuditAction, Field(description="What was done, or tried.")]
    outcome: Annotated[AuditOutcome, Field(description="How it ended.")]
    actor_kind: Annotated[ActorKind, Field(description="What they are who did it.")]
    actor_id: Annotated[int | None, Field(description="Their account; null for the service and for strangers.")]
    api_key_id: Annotated[int | None, Field(description="The API key that they came with.")]
    user_id: Annotated[int | None, Field(description="Whose account it concerns.")]
    target_kind: Annotated[TargetKind | None, Field(description="What it was done to.")]
    target_id: Annotated[str | None, Field(description="Which of them.")]
    ip_address: Annotated[str | None, Field(description="From where.")]
    user_agent: Annotated[str | None, Field(description="What the program called itself.")]
    request_id: Annotated[str | None, Field(description="In which request or job.")]
    detail: Annotated[dict[str, Any], Field(description="What else belongs to it.")]


class SecurityEventBy(StrEnum):
    """Who did something with your account."""

    YOU = "you"
    YOUR_API_KEY = "your_api_key"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"
    SOMEBODY = "somebody"


class SecurityEventRead(ResponseModel):
    """That something was done with your account, or tried."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 813,
                    "created_at": "2026-11-20T10:30:00Z",
                    "action": "signin.succeeded",
                    "outcome": "succeeded",
                    "by": "you",
                    "ip_address": "203.0.113.7",
                    "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0",
                    "detail": {},
                }
            ]
        }
    )

    id: Annotated[int, Field(description="Number of the entry.")]
    created_at: Annotated[datetime, Field(description="When (UTC).")]
    action: Annotated[AuditAction, Field(description="What was done, or tried.")]
    outcome: Annotated[AuditOutcome, Field(description="How it ended.")]
    by: Annotated[SecurityEventBy, Field(description="Who did it; `somebody` had not signed in.")]
    ip_address: Annotated[str | None, Field(description="From where; null for administrators.")]
    user_agent: Annotated[str | None, Field(description="What the program called itself; null for administrators.")]
    detail: Annotated[dict[str, Any], Field(description="What else belongs to it.")]


class AuditSort(StrEnum):
    """What entries can be sorted by."""

    CREATED_AT = "created_at"


class _Entries(ListQuery):
    action: Annotated[AuditAction | None, Field(description="Only what was done, or tried.")] = None
    outcome: Annotated[AuditOutcome | None, Field(description="Only what ended like this.")] = None
    since: Annotated[Instant | None, Field(description="Only from this moment on.")] = None
    until: Annotated[Instant | None, Field(description="Only before this moment.")] = None
    sort_by: Annotated[AuditSort, Field(description="What to sort by.")] = AuditSort.CREATED_AT


class AuditQuery(_Entries):
    """The query of the list of entries."""

    fields: Annotated[str | None, fields_of(AuditRead)] = None
    actor_id: Annotated[int | None, Field(gt=0, le=MAX_ID, description="Only what this user did.")] = None
    user_id: Annotated[int | None, Field(gt=0, le=MAX_ID, description="Only what concerns this user's account.")] = None
    target_kind: Annotated[TargetKind | None, Field(description="Only what was done to one of these.")] = None
    target_id: Annotated[
        str | None, Field(max_length=64, pattern=TARGET, description="Only what was done to the one of this id.")
    ] = None
    ip_address: Annotated[
        Annotated[str, Field(max_length=45, pattern=ADDRESS), AfterValidator(str.lower)] | None,
        Field(description="Only what was done from this address."),
    ] = None


class SecurityEventQuery(_Entries):
    """The query of the list of what happened to your account."""

    fields: Annotated[str | None, fields_of(SecurityEventRead)] = None
