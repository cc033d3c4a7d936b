"""Bases of bodies."""

from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from lintel.api import PatchModel, RequestModel, ResponseModel, RowId, Text, left_out


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
