"""Analyses as they are sent and answered."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.core.enums import OptimizationTier
from app.engines.text import analyse_sentiment
from app.schemas.analyses import (
    MAX_TEXT,
    SAMPLE,
    AnalysisCreate,
    AnalysisQuery,
    AnalysisRead,
    AnalysisSort,
    SentimentResult,
)

NEW = {"text_content": SAMPLE, "analysis_type": "sentiment"}


def example_of(schema: type[Any]) -> dict[str, Any]:
    example: dict[str, Any] = schema.model_config["json_schema_extra"]["examples"][0]
    return example


def faulty_fields(schema: type[Any], body: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as failure:
        schema.model_validate(body)
    return [str(error["loc"][0]) for error in failure.value.errors()]


class TestAnalysisCreate:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("x", "x"),
            (" \n x\t", "x"),
            ("x" * MAX_TEXT, "x" * MAX_TEXT),
            (" " * MAX_TEXT + "x", "x"),
            ("😀" * MAX_TEXT, "😀" * MAX_TEXT),
            ("a\r\n\tb", "a\r\n\tb"),
        ],
        ids=["one", "trimmed", "longest", "longest after trimming", "code points", "inner space"],
    )
    def test_takes_one_to_ten_thousand_characters(self, given: str, kept: str) -> None:
        assert AnalysisCreate.model_validate({**NEW, "text_content": given}).text_content == kept

    @pytest.mark.parametrize("given", ["", " \n", "x" * (MAX_TEXT + 1), "a\0b", "\ud800", None, 5, ["x"]])
    def test_refuses_every_other_text(self, given: object) -> None:
        assert faulty_fields(AnalysisCreate, {**NEW, "text_content": given}) == ["text_content"]

    def test_is_of_the_standard_tier_unless_said_otherwise(self) -> None:
        assert AnalysisCreate.model_validate(NEW).optimization_tier is OptimizationTier.STANDARD

    @pytest.mark.parametrize(
        "change", [{"analysis_type": "mood"}, {"analysis_type": None}, {"optimization_tier": "x"}, {"owner_id": 1}]
    )
    def test_refuses_what_it_does_not_know(self, change: dict[str, Any]) -> None:
        assert faulty_fields(AnalysisCreate, {**NEW, **change}) == list(change)


class TestSentimentResult:
    @pytest.mark.parametrize("text", [SAMPLE, "!", "I love it, but I hate it.", "日本", "Good. " * 50])
    def test_holds_all_that_the_engine_finds(self, text: str) -> None:
        found = analyse_sentiment(text).to_dict()
        assert SentimentResult.model_validate(found).model_dump(mode="json") == found


class TestExamples:
    def test_of_an_answer_is_what_the_engine_really_finds(self) -> None:
        example = example_of(AnalysisRead)
        assert example["result"] == analyse_sentiment(example["text_content"]).to_dict()
        assert example["sentiment_score"] == example["result"]["score"]

    @pytest.mark.parametrize("schema", [AnalysisCreate, AnalysisRead])
    def test_are_valid(self, schema: type[Any]) -> None:
        example = example_of(schema)
        assert schema.model_validate(example).model_dump(mode="json") == example


class TestAnalysisQuery:
    def test_is_the_newest_first_page_by_default(self) -> None:
        query = AnalysisQuery()
        assert (query.page, query.size, query.sort_by.value, query.sort_order.value) == (1, 20, "created_at", "desc")

    @pytest.mark.parametrize("sort", AnalysisSort)
    def test_sorts_by_fields_of_the_answer(self, sort: AnalysisSort) -> None:
        assert sort.value in AnalysisRead.model_fields

    @pytest.mark.parametrize("body", [{"size": 0}, {"page": 0}, {"status": "x"}, {"sort_by": "owner_id"}, {"q": "x"}])
    def test_refuses_what_is_out_of_bounds(self, body: dict[str, Any]) -> None:
        assert faulty_fields(AnalysisQuery, body) == list(body)
