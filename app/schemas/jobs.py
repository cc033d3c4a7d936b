"""Jobs as they are answered. What a job is to do is never shown."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from lintel.api import ListQuery, ResponseModel, fields_of
from lintel.jobs import JobStatus

KIND = r"^[a-z][a-z0-9_.-]{0,63}$"


class JobRead(ResponseModel):
    """A job and how far it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "01a1fe7c-e4ae-70df-8735-e9f71437e821",
                    "kind": "jobs.purge",
                    "queue": "default",
                    "status": "completed",
                    "progress": 100,
                    "priority": 0,
                    "attempts": 1,
                    "max_attempts": 3,
                    "timeout_seconds": 300.0,
                    "cancel_requested": False,
                    "owner_id": None,
                    "request_id": "01a1fe7c-e4ab-7c3e-9d0b-3e0f5a1b2c4d",
                    "result": {"deleted": 12},
                    "error_code": None,
                    "error_message": None,
                    "available_at": "2026-11-20T10:30:00Z",
                    "created_at": "2026-11-20T10:30:00Z",
                    "updated_at": "2026-11-20T10:30:02Z",
                    "started_at": "2026-11-20T10:30:01Z",
                    "finished_at": "2026-11-20T10:30:02Z",
                }
            ]
        }
    )

    id: Annotated[UUID, Field(description="Id of the job.")]
    kind: Annotated[str, Field(description="What is done.")]
    queue: Annotated[str, Field(description="Which workers do it.")]
    status: Annotated[JobStatus, Field(description="How it stands.")]
    progress: Annotated[int, Field(description="How far it is, 0 to 100.")]
    priority: Annotated[int, Field(description="The higher, the earlier.")]
    attempts: Annotated[int, Field(description="How often it was begun.")]
    max_attempts: Annotated[int, Field(description="How often it is begun at most.")]
    timeout_seconds: Annotated[float, Field(description="Seconds that one attempt may take.")]
    cancel_requested: Annotated[bool, Field(description="Whether somebody wants it to stop.")]
    owner_id: Annotated[int | None, Field(description="Whose it is; null for the service's own.")]
    request_id: Annotated[str | None, Field(description="The request that asked for it.")]
    result: Annotated[dict[str, Any] | None, Field(description="What came of it; null until it is completed.")]
    error_code: Annotated[str | None, Field(description="Why the last attempt failed; stable.")]
    error_message: Annotated[str | None, Field(description="The same in words.")]
    available_at: Annotated[datetime, Field(description="Not begun before this moment (UTC).")]
    created_at: Annotated[datetime, Field(description="When it was asked for (UTC).")]
    updated_at: Annotated[datetime, Field(description="When it last changed (UTC).")]
    started_at: Annotated[datetime | None, Field(description="When the last attempt began (UTC).")]
    finished_at: Annotated[datetime | None, Field(description="When it was over (UTC).")]


class JobSort(StrEnum):
    """What a list of jobs can be sorted by."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    FINISHED_AT = "finished_at"
    STATUS = "status"
    KIND = "kind"
    ID = "id"


class JobScope(StrEnum):
    """Whose jobs."""

    MINE = "mine"
    ALL = "all"


class JobQuery(ListQuery):
    """The query of the list of jobs."""

    not_filters = frozenset({"scope"})

    scope: Annotated[JobScope, Field(description="Your own, or all: the latter for administrators.")] = JobScope.MINE
    status: Annotated[JobStatus | None, Field(description="Only jobs that stand like this.")] = None
    kind: Annotated[str | None, Field(pattern=KIND, description="Only jobs of this kind.")] = None
    fields: Annotated[str | None, fields_of(JobRead)] = None
    sort_by: Annotated[JobSort, Field(description="What to sort by.")] = JobSort.CREATED_AT
