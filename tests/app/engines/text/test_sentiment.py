"""Sentiment of whole texts."""

import dataclasses
import json
import math
import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.enums import SentimentLabel
from app.engines import text as facade
from app.engines.text import EngineInfo, Evidence, analyse_sentiment, polarity
from app.engines.text.sentiment import BLANK, NO_SENTIMENT, label_of
from tests.guards import cpu_guard

TEN_THOUSAND = 10_000
HANGING_SECONDS = 20
TEXTS = st.text(st.sampled_from("good BAD. not but!\n😀") | st.characters(), max_size=60)


class TestFacade:
    def test_exports_are_sorted_and_exist(self) -> None:
        assert facade.__all__ == sorted(facade.__all__)
        assert all(hasattr(facade, name) for name in facade.__all__)


class TestScore:
    def test_of_a_single_sentence_is_its_own(self) -> None:
        text = "The food was really great but the service was terrible."
        result = analyse_sentiment(text)
        assert result.score == result.sentences[0].score == polarity(text).compound

    def test_of_several_is_weighed_by_length_and_strength(self) -> None:
        result = analyse_sentiment("I love it. The table stands in the middle of the room.")
        first, second = result.sentences
        weights = [math.sqrt(one.end - one.start) * (abs(one.score) + 0.1) for one in (first, second)]
        assert result.score == round(first.score * weights[0] / sum(weights), 4)

    def test_of_a_long_text_does_not_saturate(self) -> None:
        text = "It was good. It was bad. It was fine. " * 60
        assert abs(analyse_sentiment(text).score) < 0.5 < abs(polarity(text).compound)

    @given(TEXTS)
    def test_is_finite_and_bounded(self, text: str) -> None:
        result = analyse_sentiment(text)
        assert -1 <= result.score <= 1
        assert result.chars == len(text)

    @given(TEXTS)
    def test_of_each_sentence_is_that_of_vader(self, text: str) -> None:
        for sentence in analyse_sentiment(text).sentences:
            assert sentence.score == polarity(text[sentence.start : sentence.end]).compound


class TestLabel:
    @pytest.mark.parametrize(
        ("text", "label"),
        [
            ("I love this wonderful place.", SentimentLabel.POSITIVE),
            ("I hate this awful place.", SentimentLabel.NEGATIVE),
            ("The table stands in the room.", SentimentLabel.NEUTRAL),
            ("The room was lovely. The food was horrible.", SentimentLabel.MIXED),
            ("The room was lovely. It was great. We loved it. One lamp was broken.", SentimentLabel.POSITIVE),
        ],
    )
    def test_names_what_the_text_amounts_to(self, text: str, label: SentimentLabel) -> None:
        assert analyse_sentiment(text).label == label

    @pytest.mark.parametrize(
        ("score", "positive", "negative", "label"),
        [
            (0.05, 0.2, 0.0, SentimentLabel.POSITIVE),
            (-0.05, 0.0, 0.2, SentimentLabel.NEGATIVE),
            (0.0499, 0.2, 0.0, SentimentLabel.NEUTRAL),
            (-0.0499, 0.0, 0.2, SentimentLabel.NEUTRAL),
            (0.9, 0.4, 0.2, SentimentLabel.MIXED),
            (-0.9, 0.2, 0.4, SentimentLabel.MIXED),
            (0.9, 0.4, 0.1999, SentimentLabel.POSITIVE),
        ],
    )
    def test_has_these_bounds(self, score: float, positive: float, negative: float, label: SentimentLabel) -> None:
        assert label_of(score, positive, negative) is label


class TestDistribution:
    @given(TEXTS)
    def test_sums_to_one(self, text: str) -> None:
        shares = dataclasses.astuple(analyse_sentiment(text).distribution)
        assert sum(shares) == pytest.approx(1, abs=1e-9)
        assert all(0 <= share <= 1 for share in shares)

    def test_leans_the_way_of_the_text(self) -> None:
        shares = analyse_sentiment("I hate this awful place. The sun shone.").distribution
        assert shares.negative > 0.3 > shares.positive


class TestEvidence:
    def test_has_offsets_into_the_whole_text(self) -> None:
        result = analyse_sentiment("😀 Hello there.\n\nIt was very good!")
        assert result.sentences[1].evidence == (Evidence(28, 32, "good", 2.193, ("intensified",)),)

    @given(TEXTS)
    def test_none_means_neutral(self, text: str) -> None:
        for sentence in analyse_sentiment(text).sentences:
            assert sentence.evidence or (sentence.label is SentimentLabel.NEUTRAL and sentence.score == 0)
            assert all(text[found.start : found.end] == found.text for found in sentence.evidence)


class TestWarnings:
    @pytest.mark.parametrize(
        ("text", "warnings"),
        [("", (BLANK,)), (" \n", (BLANK,)), ("A table.", (NO_SENTIMENT,)), ("A table. Good.", ())],
    )
    def test_say_when_there_is_nothing_to_score(self, text: str, warnings: tuple[str, ...]) -> None:
        assert analyse_sentiment(text).warnings == warnings

    def test_come_with_a_neutral_result(self) -> None:
        result = analyse_sentiment("")
        assert (result.score, result.label, result.distribution.neutral) == (0, SentimentLabel.NEUTRAL, 1)


class TestToDict:
    def test_is_what_json_gives_back(self) -> None:
        result = analyse_sentiment("It was not good. 😀").to_dict()
        assert json.loads(json.dumps(result)) == result
        assert result["sentences"][0]["evidence"][0]["rules"] == ["negated"]
        assert result["engine"] == {"name": "lexicon", "version": "1.0", "lexicon": "vader-3.3.2"}

    def test_has_every_field(self) -> None:
        result = analyse_sentiment("Good.")
        assert list(result.to_dict()) == [field.name for field in dataclasses.fields(result)]
        assert result.engine == EngineInfo()


class TestCost:
    @pytest.mark.parametrize("piece", ["😀\n", ":)\n", "A\n", "好。", "Wow! ", "x good ", "😂", "!", "x"])
    def test_ten_thousand_characters_do_not_hang(self, piece: str) -> None:
        """They take some 50 ms; a regular expression that went back and forth would take minutes."""
        text = (piece * TEN_THOUSAND)[:TEN_THOUSAND]
        with cpu_guard(HANGING_SECONDS):
            analyse_sentiment(text)

    @pytest.mark.parametrize("piece", ["😀\n", ":)\n", "A\n", "好。", "Wow! ", "x good "])
    def test_twice_the_text_takes_twice_the_work(self, piece: str) -> None:
        once, twice = (calls(analyse_sentiment, piece * count) for count in (500, 1_000))
        assert 0 < twice < once * 2.2


def calls(work: Callable[[str], object], text: str) -> int:
    """Calls of functions, Python's and C's, that the work makes: its cost without the noise of a clock."""
    counted = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work(text)
    finally:
        sys.setprofile(before)
    return counted
