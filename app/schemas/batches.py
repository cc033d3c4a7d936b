"""Batches as they are sent and answered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, computed_field

from app.core.config import MAX_TEXTS
from app.core.enums import AnalysisStatus, AnalysisType, OptimizationTier
from app.schemas.analyses import SAMPLE, AnalysisRead, TextContent, Tier
from lintel.api import ListQuery, RequestModel, ResponseModel, SortOrder, fields_of

EXAMPLE: dict[str, JsonValue] = {
    "id": 1,
    "status": "processing",
    "analysis_type": "sentiment",
    "optimization_tier": "standard",
    "total": 1000,
    "completed": 419,
    "failed": 1,
    "progress": 42,
    "job_id": "019aa2c4-5d8e-7cc2-9a44-0b6f2f7f4a11",
    "created_at": "2026-11-20T10:30:00Z",
    "updated_at": "2026-11-20T10:30:01Z",
    "processed_at": None,
}


class BatchCreate(RequestModel):
    """Texts to be read together."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"texts": [SAMPLE, "Never again!"], "analysis_type": "sentiment"}]}
    )

    texts: Annotated[
        list[TextContent],
        Field(min_length=1, max_length=MAX_TEXTS, description="1 to 1,000 texts; all are taken, or none."),
    ]
    analysis_type: Annotated[AnalysisType, Field(description="What is asked about each text.")]
    optimization_tier: Tier = OptimizationTier.STANDARD


class BatchRead(ResponseModel):
    """Texts that were sent together, and how many of them are done."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Annotated[int, Field(ge=1, description="Number of the batch.")]
    status: Annotated[
        AnalysisStatus,
        Field(description="How far it is. `completed` when every text was tried, also if some failed."),
    ]
    analysis_type: Annotated[AnalysisType, Field(description="What was asked.")]
    optimization_tier: Annotated[OptimizationTier, Field(description="How much effort was asked for.")]
    total: Annotated[int, Field(description="Number of texts.")]
    completed: Annotated[int, Field(description="Texts with a result.")]
    failed: Annotated[int, Field(description="Texts that could not be read; each says why.")]
    job_id: Annotated[UUID | None, Field(description="The job that reads the texts.")]
    created_at: Annotated[datetime, Field(description="When it was sent (UTC).")]
    updated_at: Annotated[datetime, Field(description="When it last changed (UTC).")]
    processed_at: Annotated[datetime | None, Field(description="When it ended (UTC).")]

    @computed_field(description="How far it is, 0 to 100.")  # type: ignore[prop-decorator]
    @property
    def progress(self) -> int:
        """Share of the texts that were tried, in percent."""
        if self.status is AnalysisStatus.COMPLETED:
            return 100
        return (self.completed + self.failed) * 100 // self.total


class BatchLine(ResponseModel):
    """One line of a batch's results: a text, or at the end how the batch stands."""

    analysis: Annotated[AnalysisRead | None, Field(description="A text and what was found; null on the last line.")]
    batch: Annotated[BatchRead | None, Field(description="The batch; null on every line but the last.")]


class BatchSort(StrEnum):
    """What a list of batches can be sorted by."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    PROCESSED_AT = "processed_at"
    TOTAL = "total"
    ID = "id"


class BatchQuery(ListQuery):
    """The query of the list of batches."""

    status: Annotated[AnalysisStatus | None, Field(description="Only batches of this status.")] = None
    fields: Annotated[str | None, fields_of(BatchRead)] = None
    sort_by: Annotated[BatchSort, Field(description="What to sort by.")] = BatchSort.CREATED_AT


class BatchAnalysesQuery(ListQuery):
    """The query of the list of a batch's analyses, which are in the order of the texts."""

    status: Annotated[AnalysisStatus | None, Field(description="Only analyses of this status.")] = None
    fields: Annotated[str | None, fields_of(AnalysisRead)] = None
    sort_order: Annotated[SortOrder, Field(description="Direction; the first text first unless you ask otherwise.")] = (
        SortOrder.ASC
    )
