"""Exports as they are answered."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.analyses import AnalysisFilters, AnalysisRead
from lintel.api import ResponseModel, fields_of
from lintel.files import LineFormat
from lintel.jobs import JobStatus

Format = Annotated[
    LineFormat,
    Field(
        description="A JSON object a line, exactly as it is; or CSV with a line of names, where an apostrophe stands "
        "before what spreadsheets would take for a formula."
    ),
]


class ExportCreate(BaseModel):
    """Which export is wanted."""

    model_config = ConfigDict(extra="forbid")

    format: Format = LineFormat.NDJSON


class AnalysisExportQuery(AnalysisFilters):
    """The query of a stream of analyses."""

    model_config = ConfigDict(extra="forbid")

    format: Format = LineFormat.NDJSON
    fields: Annotated[str | None, fields_of(AnalysisRead)] = None

    @property
    def filters(self) -> dict[str, Any]:
        """What each filter is to be; None where it is not used."""
        return self.model_dump(include=set(AnalysisFilters.model_fields))

    @property
    def asked_fields(self) -> frozenset[str] | None:
        """The fields that are asked for; None for all."""
        return None if self.fields is None else frozenset(self.fields.split(","))


class ExportRead(ResponseModel):
    """A file with all of somebody's analyses, or how far it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": "01a1fe7c-e4ae-70df-8735-e9f71437e821",
                    "status": "completed",
                    "progress": 100,
                    "analyses": 1250,
                    "size": 2310144,
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "url": "/api/v1/files/exports/1/01a1fe7c-e4ae-70df-8735-e9f71437e821.ndjson?expires=1795268400",
                    "url_expires_at": "2026-11-20T10:40:00Z",
                }
            ]
        }
    )

    job_id: Annotated[UUID, Field(description="The job that writes it.")]
    status: Annotated[JobStatus, Field(description="How it stands.")]
    progress: Annotated[int, Field(description="How far it is, 0 to 100.")]
    analyses: Annotated[int | None, Field(description="How many are in it; null until it is written.")]
    size: Annotated[int | None, Field(description="In bytes; null until it is written.")]
    sha256: Annotated[str | None, Field(description="Of the file, in hexadecimal digits; null until it is written.")]
    url: Annotated[str | None, Field(description="Where it can be read, without signing in; null until it is written.")]
    url_expires_at: Annotated[datetime | None, Field(description="Until when (UTC). Ask again for another address.")]
