"""VADER 3.3.2 restated in linear time: the same numbers for any text, and the words they come from.

Source: C.J. Hutto and E.E. Gilbert, VADER (ICWSM-14), and vaderSentiment 3.3.2, whose two lexicon files are in `data/`.
The original takes time that grows with the square of the text: 26 s for 10,000 emoji.
"""

from dataclasses import dataclass
from math import sqrt

from app.engines.text._rules import EMOJI, RULE_NAMES, score_words
from app.engines.text._tokens import Tokens, spans_as_given

ALPHA = 15
EXCLAMATION, MOST_EXCLAMATIONS = 0.292, 4
QUESTION, MOST_QUESTIONS, MANY_QUESTIONS = 0.18, 3, 0.96


@dataclass(frozen=True, slots=True)
class Polarity:
    """VADER's four numbers: the compound from -1 to 1 (4 digits), and shares of the text from 0 to 1 (3 digits).

    The shares sum to 1 but for rounding, and are all 0 when the text has no words.
    """

    compound: float
    positive: float
    neutral: float
    negative: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A word that carries sentiment: span in code points, text there, valence after all rules, and the rules.

    The valence is about -4 to 4 before the rules, which may take it beyond. An emoji is read as its English
    description: it is one piece of evidence whose valence is the sum over the words of that description.
    """

    start: int
    end: int
    text: str
    valence: float
    rules: tuple[str, ...]


def polarity(text: str) -> Polarity:
    """The numbers of `vaderSentiment` 3.3.2 for this text, taken as one sentence."""
    tokens = Tokens(text)
    return _polarity(tokens, score_words(tokens)[1])


def explain(text: str, *, offset: int = 0) -> tuple[Polarity, tuple[Evidence, ...]]:
    """The same numbers with the words they come from, in the order of the text.

    Args:
        text: One sentence.
        offset: Where the sentence starts in a longer text; added to the spans.
    """
    tokens = Tokens(text)
    indices, values, rules = score_words(tokens)
    polarity = _polarity(tokens, values)
    if not indices:
        return polarity, ()
    spans = tokens.spans(indices)
    if tokens.text is not text:
        return polarity, _evidence_as_given(text, spans, values, rules, offset)
    return polarity, tuple(
        [
            Evidence(start + offset, end + offset, text[start:end], round(value, 4), RULE_NAMES[touched])
            for (start, end), value, touched in zip(spans, values, rules, strict=True)
        ]
    )


def _evidence_as_given(
    text: str, spans: list[tuple[int, int]], values: list[float], rules: list[int], offset: int
) -> tuple[Evidence, ...]:
    places: list[tuple[int, int, bool]] = []
    sums: list[float] = []
    bits: list[int] = []
    last = None
    for place, value, touched in zip(spans_as_given(text, spans), values, rules, strict=True):
        if place == last:
            sums[-1] += value
            bits[-1] |= touched
        else:
            places.append(place)
            sums.append(value)
            bits.append(touched | EMOJI if place[2] else touched)
            last = place
    return tuple(
        [
            Evidence(start + offset, end + offset, text[start:end], round(value, 4), RULE_NAMES[touched])
            for (start, end, _), value, touched in zip(places, sums, bits, strict=True)
        ]
    )


def _polarity(tokens: Tokens, values: list[float]) -> Polarity:
    if not values:
        return _WITHOUT_SENTIMENT if tokens.raw else _WITHOUT_WORDS
    emphasis = _emphasis(tokens.text)
    total = sum(values)
    total += emphasis if total > 0 else -emphasis if total < 0 else 0.0
    compound = total / sqrt(total * total + ALPHA)
    positive, negative = _masses(values)
    if positive > negative:
        positive += emphasis
    elif positive < negative:
        negative += emphasis
    neutral = len(tokens.raw) - len(values)
    mass = positive + negative + neutral
    return Polarity(round(compound, 4), round(positive / mass, 3), round(neutral / mass, 3), round(negative / mass, 3))


_WITHOUT_SENTIMENT = Polarity(0.0, 0.0, 1.0, 0.0)
_WITHOUT_WORDS = Polarity(0.0, 0.0, 0.0, 0.0)


def _masses(values: list[float]) -> tuple[float, float]:
    """Summed strength of the positive and of the negative words; 1 more each, as a neutral word counts 1."""
    positive = negative = 0.0
    for value in values:
        if value > 0:
            positive += value + 1
        else:
            negative -= value - 1
    return positive, negative


def _emphasis(text: str) -> float:
    exclamations = min(text.count("!"), MOST_EXCLAMATIONS) * EXCLAMATION
    questions = text.count("?")
    if questions > MOST_QUESTIONS:
        return exclamations + MANY_QUESTIONS
    return exclamations + questions * QUESTION if questions > 1 else exclamations
