"""Sentence splitting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engines.text import Span, split_sentences

TEN_THOUSAND = 10_000
HOSTILE = [
    ".",
    '"',
    " ",
    "x",
    "\n",
    "\r",
    ". ",
    '."',
    "! ",
    "!😀",
    "a. ",
    "e.g. ",
    "1. ",
    "a\n",
    " \n",
    ".   😀",
    "好。",
]


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


class TestStops:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("It rained. We left! Why? Nobody knows", ["It rained.", "We left!", "Why?", "Nobody knows"]),
            ("i hated it. never again! ok", ["i hated it.", "never again!", "ok"]),
            ("It costs 3.14 euros at example.com today.", ["It costs 3.14 euros at example.com today."]),
            ("No way!!! Really?! Yes.", ["No way!!!", "Really?!", "Yes."]),
            ("Nice ! Thank you . Bye", ["Nice !", "Thank you .", "Bye"]),
            ("我喜欢它。很好！真的吗？是", ["我喜欢它。", "很好！", "真的吗？", "是"]),  # noqa: RUF001 - CJK stops
        ],
    )
    def test_end_sentences_when_white_space_follows(self, text: str, expected: list[str]) -> None:
        assert sentences(text) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Wait... what? Oh... I see.", ["Wait... what?", "Oh...", "I see."]),
            ("Hm… maybe. Done", ["Hm… maybe.", "Done"]),
            ("...and then it broke. Bad", ["...and then it broke.", "Bad"]),
            ("So . . . Yes", ["So . . .", "Yes"]),
            ("...", ["..."]),
        ],
    )
    def test_as_an_ellipsis_end_a_sentence_only_before_a_capital(self, text: str, expected: list[str]) -> None:
        assert sentences(text) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('She said "Yes." Then she left.', ['She said "Yes."', "Then she left."]),
            ('"What?" he said. "Go!" They went.', ['"What?" he said.', '"Go!"', "They went."]),
            ("It works (really.) Try it.", ["It works (really.)", "Try it."]),
        ],
    )
    def test_take_the_quotes_and_brackets_behind_them_along(self, text: str, expected: list[str]) -> None:
        assert sentences(text) == expected

    def test_take_the_emoji_behind_them_along(self) -> None:
        assert sentences("I love it! 😡 You too.😀 Next") == ["I love it! 😡", "You too.😀", "Next"]


class TestAbbreviations:
    @pytest.mark.parametrize(
        "text",
        [
            "Dr. Smith met Mrs. Jones.",
            "Use a list, e.g. this one, i.e. mine.",
            "He is in the U.S. Senate now.",
            "J. K. Rowling wrote it.",
            "See No. 5 and Fig. 3 there.",
            "We left at 5 p.m. on Monday, etc. and slept.",
            "(Prof. Lee agreed)",
        ],
    )
    def test_do_not_end_a_sentence(self, text: str) -> None:
        assert sentences(text) == [text]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("She lives in the U.S. They do not.", ["She lives in the U.S.", "They do not."]),
            ("He works at Apple Inc. Shares fell.", ["He works at Apple Inc.", "Shares fell."]),
            ("No. I hate it.", ["No.", "I hate it."]),
            ("That was I. You know.", ["That was I.", "You know."]),
            ("Take plan B. 5 days", ["Take plan B. 5 days"]),
            ("Take plan B. *** It works", ["Take plan B. *** It works"]),
        ],
    )
    def test_end_one_where_a_new_one_starts(self, text: str, expected: list[str]) -> None:
        assert sentences(text) == expected


class TestLines:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("First part\ngoes on\n\nnew paragraph", ["First part\ngoes on", "new paragraph"]),
            ("A title\nSome text", ["A title", "Some text"]),
            ("One.\r\nTwo.\r\n\r\nthree", ["One.", "Two.", "three"]),
            ("well...\nMaybe", ["well...", "Maybe"]),
            ("We won\n😀 😀\n✅ Fast\n😀", ["We won\n😀 😀", "✅ Fast\n😀"]),
            ("at 5 p.m.\non Monday", ["at 5 p.m.\non Monday"]),
        ],
    )
    def test_end_a_sentence_unless_the_next_goes_on_in_lower_case_or_is_emoji(
        self, text: str, expected: list[str]
    ) -> None:
        assert sentences(text) == expected

    def test_of_a_list_are_sentences(self) -> None:
        text = "Things:\n- one\n* two\n• three\n1. first\n2) second\na) letter\nb. other"
        assert sentences(text) == text.split("\n")

    def test_numbers_of_items_stay_with_their_item(self) -> None:
        assert sentences("1. Open it. 2. Close it.") == ["1. Open it.", "2. Close it."]


class TestSpans:
    @pytest.mark.parametrize("text", ["", " ", "\n\t \u3000"])
    def test_of_a_blank_text_are_none(self, text: str) -> None:
        assert split_sentences(text) == []

    def test_count_code_points(self) -> None:
        assert split_sentences(" 😀 Yes. 😀 ") == [Span(1, 9)]

    def test_of_emoji_only_are_one(self) -> None:
        assert split_sentences("😀😀 😀") == [Span(0, 4)]

    @given(st.text(st.sampled_from("aA1. !?…\"')\n\r。😀-*") | st.characters(), max_size=60))
    def test_are_trimmed_ordered_and_hold_all_that_is_not_blank(self, text: str) -> None:
        end = 0
        for span in split_sentences(text):
            assert not text[end : span.start].strip()
            assert text[span.start : span.end].strip() == text[span.start : span.end] != ""
            end = span.end
        assert not text[end:].strip()


class TestCost:
    @pytest.mark.parametrize("piece", HOSTILE)
    def test_no_long_text_hangs(self, piece: str) -> None:
        text = (piece * TEN_THOUSAND)[: TEN_THOUSAND * 20]
        assert sum(end - start for start, end in split_sentences(text)) <= len(text)
