"""Analyses as version 2 sends and answers them: as version 1 does, but for what stands here."""

from typing import Annotated

from pydantic import ConfigDict, Field

from app.schemas.analyses import EXAMPLE, SAMPLE, AnalysisCreate, AnalysisCursorQuery, AnalysisRead, TextContent
from lintel.api import fields_of

TEXT = "text"
FIELD_OF_TEXT = "text_content"
"""Its name in version 1, and in all that is below both."""


class AnalysisCreateV2(AnalysisCreate):
    """A text to be read."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{TEXT: SAMPLE, "analysis_type": "sentiment", "optimization_tier": "standard"}]}
    )

    text_content: Annotated[TextContent, Field(alias=TEXT)]


class AnalysisReadV2(AnalysisRead):
    """A text and what was found in it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{TEXT if name == FIELD_OF_TEXT else name: value for name, value in EXAMPLE.items()}]
        }
    )

    text_content: Annotated[str, Field(alias=TEXT, description="The text.")]

    @classmethod
    def of(cls, analysis: AnalysisRead) -> "AnalysisReadV2":
        """The same analysis in version 2. It was validated before, and may lack fields that were not asked for."""
        return cls.model_construct(**dict(analysis))


class AnalysisQueryV2(AnalysisCursorQuery):
    """The query of the list of analyses."""

    fields: Annotated[str | None, fields_of(AnalysisReadV2)] = None

    @property
    def asked_fields(self) -> frozenset[str] | None:
        """The fields of an item that are asked for, by their names below the door; None for all."""
        asked = super().asked_fields
        return asked and frozenset(FIELD_OF_TEXT if name == TEXT else name for name in asked)
