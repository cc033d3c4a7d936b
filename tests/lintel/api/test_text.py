"""Text in one form."""

import unicodedata
from typing import Annotated

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lintel.api import NoNul, Text
from lintel.api._text import MAX_MARKS
from tests.guards import cpu_guard

LENGTH = 50
CPU_SECONDS = 1.0
"""A guard against hanging: far more than ten times what the slowest of these takes."""

name: TypeAdapter[str] = TypeAdapter(Annotated[str, Text(max_length=LENGTH)])
lines: TypeAdapter[str] = TypeAdapter(Annotated[str, Text(max_length=LENGTH, lines=True)])
taken_as_it_comes: TypeAdapter[str] = TypeAdapter(Annotated[str, NoNul])


def is_refused(kind: TypeAdapter[str], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return True
    return False


class TestForm:
    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("  Ada ", "Ada"),
            ("e\u0301", "é"),
            ("\u212b", "Å"),
            ("\u1112\u1161\u11ab", "한"),
            ("\ufb01 \uff41", "\ufb01 \uff41"),
            ("\u00a0Ada\u2003", "Ada"),
        ],
    )
    def test_is_the_composed_one(self, typed: str, stored: str) -> None:
        assert name.validate_python(typed) == stored

    @given(st.text(max_size=LENGTH))
    def test_is_the_same_for_equal_texts(self, text: str) -> None:
        """Whatever two clients make of one text (composed or not), the same is stored or both are refused."""
        one, other = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
        assume(len(other) <= LENGTH)
        for kind in (name, lines):
            assert is_refused(kind, one) == is_refused(kind, other)
            if not is_refused(kind, one):
                stored = kind.validate_python(one)
                assert stored == kind.validate_python(other) == kind.validate_python(stored)
                assert unicodedata.is_normalized("NFC", stored)

    def test_is_what_counts_for_the_length(self) -> None:
        assert len(name.validate_python("e\u0301" * LENGTH)) == LENGTH
        assert len(name.validate_python("\u1112\u1161\u11ab" * LENGTH)) == LENGTH
        for long in ("e\u0301" * (LENGTH + 1), "é" * (LENGTH + 1), "e\u0301" * 100 * LENGTH):
            assert is_refused(name, long)

    def test_takes_no_time_to_find(self) -> None:
        """Sorting marks that come in the wrong order takes the square of their number."""
        with cpu_guard(CPU_SECONDS):
            assert is_refused(name, "a" + "\u0301" * 90 + "\u0316" * 90)
            assert is_refused(name, "a" + "\u0301" * 500_000 + "\u0316" * 500_000)
            assert is_refused(lines, " " * 500_000 + "\u0301" * 500_000 + "\u0316" * 500_000)

    def test_has_as_many_marks_as_any_language_needs(self) -> None:
        in_wrong_order = "\u0301\u0316"
        assert not is_refused(name, "a" + in_wrong_order * (MAX_MARKS // 2))
        assert is_refused(name, "a" + in_wrong_order * (MAX_MARKS // 2 + 1))


class TestOneLine:
    @pytest.mark.parametrize(
        "sign", ["\x00", "\x1b", "\x7f", "\x85", "\n", "\r", "\t", "\v", "\u2028", "\u2029"], ids=ascii
    )
    def test_has_no_control_character(self, sign: str) -> None:
        assert is_refused(name, f"a{sign}b")

    @pytest.mark.parametrize(
        "sign",
        ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u200f", "\u034f", "\u180e", "\u3164"],
        ids=ascii,
    )
    def test_has_no_character_that_cannot_be_seen(self, sign: str) -> None:
        for text in (f"A{sign}da", f"{sign}Ada", f"Ada{sign}", f"ع{sign}ر"):
            assert is_refused(name, text)

    @pytest.mark.parametrize("text", ["A\u200dda", "Ada\u200c", "\u200dAda", "ع\u200c\u200cر", "ع\u200c"], ids=ascii)
    def test_has_no_joiner_where_there_is_nothing_to_join(self, text: str) -> None:
        assert is_refused(name, text)

    @pytest.mark.parametrize(
        "text",
        [
            "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
            "ශ\u0dca\u200dර",
            "👩\u200d💻",
            "❤\ufe0f\u200d🔥",
            "🇫🇷",
            "O'Neil-Łoś 3",
            "Иван",
        ],
    )
    def test_has_what_names_and_titles_are_written_with(self, text: str) -> None:
        assert name.validate_python(text) == text

    @pytest.mark.parametrize("text", ["", "  ", "\u200b", "\u3164", "\u2800", "\u115f \u1160", "\u0301"[:0]], ids=ascii)
    def test_shows_something(self, text: str) -> None:
        assert is_refused(name, text)


class TestSeveralLines:
    @pytest.mark.parametrize("text", ["a\r\n\tb", "a\fb", "a\u2028b", "a\u202bעב\u202cc", "a\u200bb"], ids=ascii)
    def test_have_breaks_tabs_and_both_directions(self, text: str) -> None:
        assert lines.validate_python(text) == text

    @pytest.mark.parametrize("sign", ["\x00", "\x08", "\x1b", "\x7f", "\x9b"], ids=ascii)
    def test_have_no_other_control_character(self, sign: str) -> None:
        assert is_refused(lines, f"a{sign}b")


class TestNoNul:
    def test_changes_nothing_else(self) -> None:
        assert taken_as_it_comes.validate_python(" e\u0301\n") == " e\u0301\n"
        assert is_refused(taken_as_it_comes, "a\0b")


class TestOther:
    @pytest.mark.parametrize("value", [None, 1, ["a"]])
    def test_is_not_text(self, value: object) -> None:
        with pytest.raises(ValidationError):
            name.validate_python(value)
