"""Many texts at once."""

import pytest

from app.core.enums import AnalysisType
from app.engines.text import analyse_sentiment, reading
from app.engines.text.reading import read_texts

SENTIMENT = AnalysisType.SENTIMENT


class TestReadTexts:
    def test_finds_in_each_what_the_engine_finds(self) -> None:
        texts = ["The room was lovely.", "Never again!", "x"]
        found = read_texts(SENTIMENT, texts)
        assert [one.result for one in found] == [analyse_sentiment(text).to_dict() for text in texts]
        assert [one.score for one in found] == [analyse_sentiment(text).score for text in texts]
        assert all(one.milliseconds > 0 and one.fault is None for one in found)

    def test_has_an_engine_for_every_type(self) -> None:
        assert set(reading.ENGINES) == set(AnalysisType)

    def test_leaves_the_others_alone_when_one_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(text: str) -> object:
            if text == "bad":
                raise RecursionError(text)
            return analyse_sentiment(text)

        monkeypatch.setattr(reading, "ENGINES", {SENTIMENT: refuse})
        good, bad, last = read_texts(SENTIMENT, ["good", "bad", "good"])
        assert (bad.fault, bad.result, bad.score) == ("RecursionError", None, None)
        assert (good.fault, last.result) == (None, good.result)
