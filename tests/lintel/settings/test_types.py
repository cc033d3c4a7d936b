from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from lintel.settings import BlankIsUnset, StringList

STRINGS = TypeAdapter[tuple[str, ...]](StringList)
OPTIONAL = TypeAdapter[str | None](Annotated[str | None, BlankIsUnset])


class TestStringList:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a", ("a",)),
            ("a,b", ("a", "b")),
            ("  a , b  ", ("a", "b")),
            ("a,,b,", ("a", "b")),
            ('["a", "b"]', ("a", "b")),
            (' ["a"] ', ("a",)),
            ("[]", ()),
            ("", ()),
            ("   ", ()),
            (" , ,", ()),
            ("*", ("*",)),
            ('["a, b"]', ("a, b",)),
            ("ä,🌍", ("ä", "🌍")),
        ],
    )
    def test_reads_comma_text_and_json_arrays(self, text: str, expected: tuple[str, ...]) -> None:
        assert STRINGS.validate_python(text) == expected

    @pytest.mark.parametrize("value", [["a", "b"], ("a", "b")])
    def test_takes_what_is_several_already(self, value: object) -> None:
        assert STRINGS.validate_python(value) == ("a", "b")

    @pytest.mark.parametrize("text", ["[", '["a"', "[a]", '["a",]', '["a"] b'])
    def test_a_malformed_array_is_refused_with_both_forms_named(self, text: str) -> None:
        with pytest.raises(ValidationError, match=r"comma-separated list or a JSON array") as refused:
            STRINGS.validate_python(text)
        assert refused.value.error_count() == 1

    @pytest.mark.parametrize("text", ["[1]", '["a", null]', '[["a"]]', '[{"a": 1}]'])
    def test_only_strings_may_stand_in_an_array(self, text: str) -> None:
        with pytest.raises(ValidationError, match="valid string"):
            STRINGS.validate_python(text)

    @pytest.mark.parametrize("value", [5, None, {"a": 1}])
    def test_what_is_no_list_at_all_is_refused(self, value: object) -> None:
        with pytest.raises(ValidationError, match="valid tuple"):
            STRINGS.validate_python(value)


class TestBlankIsUnset:
    @pytest.mark.parametrize("text", ["", " ", "\t\n"])
    def test_blank_text_is_none(self, text: str) -> None:
        assert OPTIONAL.validate_python(text) is None

    @pytest.mark.parametrize("text", ["a", " a "])
    def test_any_other_text_is_kept_as_it_stands(self, text: str) -> None:
        assert OPTIONAL.validate_python(text) == text

    def test_only_text_can_be_blank(self) -> None:
        assert OPTIONAL.validate_python(None) is None
        with pytest.raises(ValidationError):
            OPTIONAL.validate_python(0)
