"""Bases of bodies."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from lintel.api import FormModel, PatchModel, RequestModel, ResponseModel, RowId, Text, left_out


class Thing(RequestModel):
    name: Annotated[str, Text(max_length=5)]
    number: RowId = 1
    share: float = 0.0


class ThingPatch(PatchModel):
    name: Annotated[str, Text(max_length=5)] = left_out()
    note: str | None = None
    colour: str = "red"


class TestRequestModel:
    @pytest.mark.parametrize("text", ["  abcde ", "a", "é" * 5])
    def test_trims_text_and_then_measures_it(self, text: str) -> None:
        assert Thing(name=text).name == text.strip()

    @pytest.mark.parametrize(
        "values",
        [
            {"name": "   "},
            {"name": "abcdef"},
            {"name": "a\0b"},
            {"name": "a", "other": 1},
            {"name": "a", "number": 0},
            {"name": "a", "number": 2**63},
            {"name": "a", "share": float("nan")},
            {"name": "a", "share": float("inf")},
        ],
    )
    def test_refuses_what_no_column_takes(self, values: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Thing.model_validate(values)


class Colour(StrEnum):
    RED = "red"


class Part(RequestModel):
    number: int = 1


class Foreign(BaseModel):
    number: int = 1


class Everything(RequestModel):
    number: int = 1
    large: Annotated[int, Field(gt=0)] = 1
    maybe: int | None = None
    share: float = 0.5
    sure: bool = True
    several: list[int] | None = None
    named: dict[str, bool] | None = None
    numbered: dict[int, int] | None = None
    part: Part | None = None
    parts: list[Part] | None = None
    foreign: Foreign | None = None
    colour: Colour = Colour.RED
    day: date | None = None
    key: UUID | None = None
    mixed: int | str = 1


NOT_WHOLE = st.text() | st.floats() | st.booleans() | st.none()


class TestStrictness:
    @pytest.mark.parametrize("field", ["number", "large"])
    @given(value=NOT_WHOLE)
    def test_makes_no_whole_number_of_anything_else(self, field: str, value: Any) -> None:
        with pytest.raises(ValidationError):
            Everything.model_validate({field: value})

    @given(value=st.text() | st.integers() | st.floats() | st.none())
    def test_makes_no_boolean_of_anything_else(self, value: Any) -> None:
        with pytest.raises(ValidationError):
            Everything.model_validate({"sure": value})

    @pytest.mark.parametrize(
        "values",
        [
            {"maybe": "1"},
            {"maybe": 1.0},
            {"share": "0.5"},
            {"share": True},
            {"several": [1, "2"]},
            {"named": {"a": 1}},
            {"numbered": {"1": "1"}},
            {"part": {"number": "1"}},
            {"parts": [{"number": 1}, {"number": 1.0}]},
        ],
    )
    def test_holds_at_any_depth(self, values: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            Everything.model_validate(values)

    def test_leaves_alone_what_json_can_only_write_as_text(self) -> None:
        values = {
            "share": 1,
            "numbered": {"1": 2},
            "colour": "red",
            "day": "2026-11-20",
            "key": "019aa2c4-5d8e-7cc2-9a44-0b6f2f7f4a11",
            "mixed": "1",
        }
        read = Everything.model_validate(values)
        assert (read.share, read.numbered, read.colour, read.mixed) == (1.0, {1: 2}, Colour.RED, "1")

    def test_is_not_passed_on_to_models_of_others(self) -> None:
        """Their schema is shared: what holds within a request must not hold wherever else they are used."""
        assert Everything.model_validate({"foreign": {"number": "1"}}).foreign == Foreign(number=1)
        assert Foreign.model_validate({"number": "1"}).number == 1

    def test_changes_nothing_in_the_document(self) -> None:
        assert Everything.model_json_schema()["properties"]["number"] == {
            "default": 1,
            "title": "Number",
            "type": "integer",
        }

    def test_is_left_to_the_route_for_forms(self) -> None:
        class Form(FormModel):
            number: int

        assert Form.model_validate({"number": "1"}).number == 1
        with pytest.raises(ValidationError):
            Form.model_validate({"number": "1", "other": "1"})


class TestPatchModel:
    def test_knows_only_what_was_sent(self) -> None:
        assert ThingPatch.model_validate({"note": None}).changes() == {"note": None}
        assert ThingPatch.model_validate({"name": " a "}).changes() == {"name": "a"}

    @pytest.mark.parametrize("values", [{}, {"name": None}, {"other": 1}])
    def test_refuses_nothing_null_and_unknown(self, values: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            ThingPatch.model_validate(values)

    def test_shows_no_default_in_the_document(self) -> None:
        properties = ThingPatch.model_json_schema()["properties"]
        assert "default" not in properties["name"]
        assert "default" not in properties["note"]
        assert properties["colour"]["default"] == "red"


class TestResponseModel:
    def test_is_read_from_objects_and_shows_every_field_as_required(self) -> None:
        class Answer(ResponseModel):
            name: str
            note: str | None = None

        assert Answer.model_validate(Thing(name="a"), from_attributes=True).name == "a"
        assert Answer.model_json_schema(mode="serialization")["required"] == ["name", "note"]
