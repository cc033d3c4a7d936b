"""Sentiment of a text from the sentiment of its sentences."""

from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

from app.core.enums import SentimentLabel
from app.engines.text.sentences import Span, split_sentences
from app.engines.text.vader import Evidence, Polarity, explain

THRESHOLD: Final = 0.05
MIXED_RATIO: Final = 0.5
LEAST_WEIGHT: Final = 0.1
"""What a sentence without sentiment still weighs, so that one strong word does not speak for a page."""

BLANK: Final = "The text is blank."
NO_SENTIMENT: Final = "Nothing in the text carries sentiment."


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Which engine, and which data, a result comes from."""

    name: str = "lexicon"
    version: str = "1.0"
    lexicon: str = "vader-3.3.2"


@dataclass(frozen=True, slots=True)
class Distribution:
    """Shares of a text from 0 to 1 (4 digits) that sum to 1."""

    positive: float
    neutral: float
    negative: float


@dataclass(frozen=True, slots=True)
class SentenceSentiment:
    """One sentence: span in code points, VADER's compound from -1 to 1, and the words it comes from."""

    start: int
    end: int
    score: float
    label: SentimentLabel
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Sentiment:
    """The sentiment of a text; all spans and `chars` are code points of the text as given.

    `score` runs from -1 to 1 (4 digits). `warnings` are sentences for the reader of the result.
    """

    score: float
    label: SentimentLabel
    distribution: Distribution
    sentences: tuple[SentenceSentiment, ...]
    warnings: tuple[str, ...]
    chars: int
    engine: EngineInfo

    def to_dict(self) -> dict[str, Any]:
        """The result as JSON holds it: objects, lists, strings and numbers only."""
        return {name: _json_value(getattr(self, name)) for name in self.__dataclass_fields__}


ENGINE: Final = EngineInfo()


def analyse_sentiment(text: str) -> Sentiment:
    """Score every sentence by itself, then weigh them together.

    A sentence weighs √length x (|score| + 0.1): the compound of a long text taken as one sentence would run to 1 or -1.
    Any text has a result; one without words is neutral, with a warning.
    """
    total = _Total()
    sentences = [_sentence(text, span, total) for span in split_sentences(text)]
    score, distribution = total.score(), total.distribution()
    return Sentiment(
        score,
        label_of(score, distribution.positive, distribution.negative),
        distribution,
        tuple(sentences),
        _warnings(sentences),
        len(text),
        ENGINE,
    )


def _sentence(text: str, span: Span, total: "_Total") -> SentenceSentiment:
    start, end = span
    polarity, evidence = explain(text[start:end], offset=start)
    total.add(end - start, polarity)
    label = label_of(polarity.compound, polarity.positive, polarity.negative)
    return SentenceSentiment(start, end, polarity.compound, label, evidence)


def label_of(score: float, positive: float, negative: float) -> SentimentLabel:
    """The label of a score from -1 to 1 and the positive and negative shares behind it.

    Mixed when the smaller share is at least half of the larger; otherwise by the score: positive from 0.05, negative
    from -0.05, neutral between.
    """
    smaller, larger = (positive, negative) if positive < negative else (negative, positive)
    if smaller > 0 and smaller >= MIXED_RATIO * larger:
        return SentimentLabel.MIXED
    if score >= THRESHOLD:
        return SentimentLabel.POSITIVE
    return SentimentLabel.NEGATIVE if score <= -THRESHOLD else SentimentLabel.NEUTRAL


class _Total:
    """Adds up sentences by their weight."""

    __slots__ = ("_mass", "_negative", "_positive", "_score", "_weight")

    def __init__(self) -> None:
        self._weight = self._score = self._positive = self._negative = self._mass = 0.0

    def add(self, length: int, polarity: Polarity) -> None:
        weight = sqrt(length) * (abs(polarity.compound) + LEAST_WEIGHT)
        self._weight += weight
        self._score += weight * polarity.compound
        self._positive += weight * polarity.positive
        self._negative += weight * polarity.negative
        # The three shares are rounded: their sum is not always 1.
        self._mass += weight * (polarity.positive + polarity.neutral + polarity.negative)

    def score(self) -> float:
        return round(self._score / self._weight, 4) if self._weight else 0.0

    def distribution(self) -> Distribution:
        if not self._mass:
            return Distribution(0.0, 1.0, 0.0)
        positive = round(self._positive / self._mass, 4)
        negative = round(min(self._negative / self._mass, 1 - positive), 4)
        return Distribution(positive, round(1 - positive - negative, 4), negative)


def _warnings(sentences: list[SentenceSentiment]) -> tuple[str, ...]:
    if not sentences:
        return (BLANK,)
    for sentence in sentences:
        if sentence.evidence:
            return ()
    return (NO_SENTIMENT,)


def _json_value(value: Any) -> Any:
    """As `dataclasses.asdict`, without its copy of every leaf: four times as fast."""
    if isinstance(value, tuple):
        return [_json_value(item) for item in value]
    names = getattr(value, "__dataclass_fields__", None)
    return value if names is None else {name: _json_value(getattr(value, name)) for name in names}
