"""One way to write a number where everything is text."""

import json
from enum import IntEnum
from typing import Annotated, Any

import pytest
from annotated_types import Gt
from hypothesis import given
from hypothesis import strategies as st

from lintel.routing._grammar import GRAMMARS, grammar_of, takes_several


class Level(IntEnum):
    LOW = 1


class TestGrammar:
    @given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans()))
    def test_reads_what_json_writes(self, value: float | bool) -> None:  # noqa: FBT001 - hypothesis gives it by position
        assert GRAMMARS[type(value)].reads(json.dumps(value))

    @given(st.text(max_size=8) | st.from_regex(r"[-+ 0-9_.eE]{1,8}", fullmatch=True))
    def test_reads_nothing_that_json_would_not_read_as_the_same(self, text: str) -> None:
        for kind, grammar in GRAMMARS.items():
            if grammar.reads(text):
                assert kind(json.loads(text)) == json.loads(text)

    @pytest.mark.parametrize(
        "text", ["", "+1", "1_0", "1.0", "1e3", " 7", "7 ", "7\n", "07", "0x1", "\u0667", "\uff17", "--1", "-"]
    )
    def test_takes_a_whole_number_in_plain_digits_only(self, text: str) -> None:
        assert not GRAMMARS[int].reads(text)

    @pytest.mark.parametrize("text", ["", "True", "1", "yes", "on", "t", "true ", "TRUE"])
    def test_takes_two_words_for_a_boolean(self, text: str) -> None:
        assert not GRAMMARS[bool].reads(text)

    @pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1e", ".5", "5.", "1_0.0", "1,5"])
    def test_takes_a_number_as_json_writes_it(self, text: str) -> None:
        assert not GRAMMARS[float].reads(text)


class TestGrammarOf:
    @pytest.mark.parametrize("annotation", [int, int | None, Annotated[int, Gt(0)], list[int], list[int] | None])
    def test_finds_the_number_in_optional_annotated_and_repeated_types(self, annotation: Any) -> None:
        assert grammar_of(annotation) is GRAMMARS[int]

    @pytest.mark.parametrize("annotation", [str, int | str, int | float, Level, list, Any, None])
    def test_has_none_where_text_may_mean_something_else(self, annotation: Any) -> None:
        assert grammar_of(annotation) is None


class TestTakesSeveral:
    @pytest.mark.parametrize("annotation", [list[str], set[int] | None, tuple[int, ...], frozenset, list])
    def test_is_said_by_the_type(self, annotation: Any) -> None:
        assert takes_several(annotation)

    @pytest.mark.parametrize("annotation", [str, int | None, dict[str, int]])
    def test_is_not_assumed(self, annotation: Any) -> None:
        assert not takes_several(annotation)
