"""Analyses as they are sent and answered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.core.enums import AnalysisStatus, AnalysisType, OptimizationTier, SentimentLabel
from lintel.api import MAX_BULK, CursorQuery, Each, ListQuery, RequestModel, ResponseModel, RowId, Text, fields_of

MAX_TEXT = 10_000
MAX_TOGETHER = 20_000
"""Characters of texts that are read while their sender waits. A result can be eighty times as long as its text."""
SAMPLE = "The room was lovely. The service was not."

Start = Annotated[int, Field(description="First character, counted in Unicode code points from 0.")]
End = Annotated[int, Field(description="Behind the last character, counted in Unicode code points.")]


TextContent = Annotated[
    str,
    Text(max_length=MAX_TEXT, lines=True),
    Field(description="The text, 1 to 10,000 characters. White space around it is dropped."),
]
Tier = Annotated[
    OptimizationTier,
    Field(description="How much effort to spend. Today both are answered by the same engine (`result.engine`)."),
]


class AnalysisCreate(RequestModel):
    """A text to be read."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text_content": SAMPLE, "analysis_type": "sentiment", "optimization_tier": "standard"}]
        }
    )

    text_content: TextContent
    analysis_type: Annotated[AnalysisType, Field(description="What is asked about the text.")]
    optimization_tier: Tier = OptimizationTier.STANDARD


class AnalysesCreate(RequestModel):
    """Several texts to be read at once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"text_content": SAMPLE, "analysis_type": "sentiment"},
                        {"text_content": "Never again!", "analysis_type": "sentiment"},
                    ]
                }
            ]
        }
    )

    items: Annotated[
        list[Each[AnalysisCreate]],
        Field(
            min_length=1,
            max_length=MAX_BULK,
            description=f"The texts, 1 to {MAX_BULK}; together up to {MAX_TOGETHER:,} characters.",
        ),
    ]

    @model_validator(mode="after")
    def _not_too_much(self) -> Self:
        if sum(len(item.text_content) for item in self.items if isinstance(item, AnalysisCreate)) > MAX_TOGETHER:
            raise ValueError(f"the texts must have at most {MAX_TOGETHER:,} characters together: send them as a batch")
        return self


class Engine(ResponseModel):
    """What a result comes from."""

    name: Annotated[str, Field(description="Name of the engine.")]
    version: Annotated[str, Field(description="Version of the engine.")]
    lexicon: Annotated[str, Field(description="The word list it uses, with its version.")]


class Distribution(ResponseModel):
    """Shares of the text; they sum to 1."""

    positive: Annotated[float, Field(description="Positive share, 0 to 1.")]
    neutral: Annotated[float, Field(description="Neutral share, 0 to 1.")]
    negative: Annotated[float, Field(description="Negative share, 0 to 1.")]


class Evidence(ResponseModel):
    """A word that carries sentiment."""

    start: Start
    end: End
    text: Annotated[str, Field(description="The word.")]
    valence: Annotated[float, Field(description="What it adds after all rules; below 0 is negative.")]
    rules: Annotated[list[str], Field(description="The rules that changed it, such as `negated` or `intensified`.")]


class SentenceSentiment(ResponseModel):
    """One sentence."""

    start: Start
    end: End
    score: Annotated[float, Field(description="-1 to 1.")]
    label: Annotated[SentimentLabel, Field(description="What the score amounts to.")]
    evidence: Annotated[list[Evidence], Field(description="The words behind the score.")]


class SentimentResult(ResponseModel):
    """The sentiment of a text, sentence by sentence."""

    engine: Annotated[Engine, Field(description="What the result comes from.")]
    score: Annotated[float, Field(description="-1 (negative) to 1 (positive), over all sentences.")]
    label: Annotated[SentimentLabel, Field(description="What it amounts to; mixed when both are strong.")]
    distribution: Annotated[Distribution, Field(description="Shares of the text.")]
    sentences: Annotated[list[SentenceSentiment], Field(description="Every sentence, in order.")]
    chars: Annotated[int, Field(description="Length of the text in code points.")]
    warnings: Annotated[list[str], Field(description="What a reader of the result should know.")]


EXAMPLE: dict[str, Any] = {
    "id": 1,
    "text_content": SAMPLE,
    "analysis_type": "sentiment",
    "optimization_tier": "standard",
    "status": "completed",
    "progress": 100,
    "sentiment_score": 0.5113,
    "result": {
        "engine": {"name": "lexicon", "version": "1.0", "lexicon": "vader-3.3.2"},
        "score": 0.5113,
        "label": "positive",
        "distribution": {"positive": 0.4879, "neutral": 0.5121, "negative": 0.0},
        "sentences": [
            {
                "start": 0,
                "end": 20,
                "score": 0.5859,
                "label": "positive",
                "evidence": [{"start": 13, "end": 19, "text": "lovely", "valence": 2.8, "rules": []}],
            },
            {"start": 21, "end": 41, "score": 0.0, "label": "neutral", "evidence": []},
        ],
        "chars": 41,
        "warnings": [],
    },
    "processing_time_ms": 0.121,
    "error_message": None,
    "batch_id": None,
    "position": None,
    "created_at": "2026-11-20T10:30:00Z",
    "updated_at": "2026-11-20T10:30:00Z",
    "processed_at": "2026-11-20T10:30:00Z",
}


class AnalysisRead(ResponseModel):
    """A text and what was found in it."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Annotated[int, Field(ge=1, description="Number of the analysis.")]
    text_content: Annotated[str, Field(description="The text.")]
    analysis_type: Annotated[AnalysisType, Field(description="What was asked.")]
    optimization_tier: Annotated[OptimizationTier, Field(description="How much effort was asked for.")]
    status: Annotated[AnalysisStatus, Field(description="How far it is.")]
    progress: Annotated[int, Field(description="How far it is, 0 to 100.")]
    sentiment_score: Annotated[float | None, Field(description="-1 to 1; null until there is a result.")]
    result: Annotated[SentimentResult | None, Field(description="What was found; null until then.")]
    processing_time_ms: Annotated[float | None, Field(description="Milliseconds the engine took.")]
    error_message: Annotated[str | None, Field(description="Why there is no result, if it failed.")]
    batch_id: Annotated[int | None, Field(description="The batch it belongs to, if any.")]
    position: Annotated[int | None, Field(description="Its place in the batch, from 0.")]
    created_at: Annotated[datetime, Field(description="When it was asked for (UTC).")]
    updated_at: Annotated[datetime, Field(description="When it last changed (UTC).")]
    processed_at: Annotated[datetime | None, Field(description="When the result was there (UTC).")]


class AnalysisSort(StrEnum):
    """What a list of analyses can be sorted by."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    PROCESSED_AT = "processed_at"
    STATUS = "status"
    ANALYSIS_TYPE = "analysis_type"
    SENTIMENT_SCORE = "sentiment_score"
    ID = "id"


class AnalysisFilters(BaseModel):
    """Which analyses are meant."""

    analysis_type: Annotated[AnalysisType | None, Field(description="Only analyses of this type.")] = None
    status: Annotated[AnalysisStatus | None, Field(description="Only analyses of this status.")] = None
    batch_id: Annotated[RowId | None, Field(description="Only analyses of this batch.")] = None


class AnalysisCursorQuery(AnalysisFilters, CursorQuery):
    """What can be asked of the list of analyses, whatever the version of the API."""

    sort_by: Annotated[AnalysisSort, Field(description="What to sort by.")] = AnalysisSort.CREATED_AT


class AnalysisQuery(AnalysisCursorQuery, ListQuery):
    """The query of the list of analyses."""

    fields: Annotated[str | None, fields_of(AnalysisRead)] = None
