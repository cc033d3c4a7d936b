"""How the words around a word of the lexicon change its valence, in the order in which VADER applies it."""

from collections.abc import Sequence
from functools import partial
from heapq import heappop, heappush
from typing import Final

from app.engines.text._lexicon import word_values
from app.engines.text._tokens import Tokens
from app.engines.text._words import (
    BOOSTER_PAIRS,
    BOOSTERS,
    CAPS,
    CONTEXT_MARKERS,
    EMPHASISED,
    FADE,
    IDIOMS,
    NEGATED,
    NEGATIONS,
    PHRASE_MARKERS,
)

NAMES = ("negated", "intensified", "dampened", "capitalised", "idiom", "contrast", "emoji")
NEGATION, INTENSIFIER, DAMPENER, CAPITALS, IDIOM, CONTRAST, EMOJI = (1 << bit for bit in range(len(NAMES)))
THREE_BACK = 3
EMPHATIC = ("so", "this")


RULE_NAMES: Final = tuple(
    tuple(name for bit, name in enumerate(NAMES) if rules >> bit & 1) for rules in range(1 << len(NAMES))
)
"""The names of a set of rules, by its bits."""


def score_words(tokens: Tokens) -> tuple[list[int], list[float], list[int]]:
    """Index, valence and rules (as bits) of every word that carries sentiment, in the order of the text."""
    lexicon, lower = word_values(), tokens.lower
    hits = [index for index, word in enumerate(lower) if word in lexicon]
    if not hits:
        return [], [], []
    is_plain = CONTEXT_MARKERS.isdisjoint(lower) and "n't" not in tokens.lowered
    score = partial(_alone, tokens) if is_plain else _Context(tokens).score
    indices, values, rules = [], [], []
    for index in hits:
        value, touched = score(index, lexicon[lower[index]])
        if value:
            indices.append(index)
            values.append(value)
            rules.append(touched)
    if "but" in lower:
        _shift_at_contrast(lower.index("but"), indices, values, rules)
    return indices, values, rules


def _alone(tokens: Tokens, index: int, value: float) -> tuple[float, int]:
    if tokens.shouts(index):
        return _away_from_zero(value), CAPITALS
    return value, 0


def _away_from_zero(value: float) -> float:
    return value + CAPS if value > 0 else value - CAPS


class _Context:
    """Scores the words of one text that has words to change others."""

    __slots__ = ("_has_contraction", "_has_phrase_marker", "_lexicon", "_lower", "_tokens")

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lower = tokens.lower
        self._lexicon = word_values()
        self._has_contraction = "n't" in tokens.lowered
        self._has_phrase_marker = not PHRASE_MARKERS.isdisjoint(tokens.lower)

    def score(self, index: int, value: float) -> tuple[float, int]:
        lower = self._lower
        before = lower[index - THREE_BACK : index] if index >= THREE_BACK else lower[:index]
        if self._is_quiet(lower[index], before):
            return _alone(self._tokens, index, value)
        if lower[index] == "kind" and lower[index + 1 : index + 2] == ["of"]:
            return 0.0, 0
        before.reverse()
        value, rules = self._after_no(index, value, before)
        if self._tokens.shouts(index):
            value, rules = _away_from_zero(value), rules | CAPITALS
        for distance, word in enumerate(before):
            if word in self._lexicon:
                continue
            if word in BOOSTERS:
                value, rules = self._boosted(index - distance - 1, distance, value, rules)
            factor, rule = _negation(before, distance)
            value, rules = value * factor, rules | rule
            if distance == THREE_BACK - 1 and self._has_phrase_marker:
                value, rules = self._phrases(index, value, rules)
        if before and before[0] == "least" and before[1:2] not in (["at"], ["very"]):
            return value * NEGATED, rules | NEGATION
        return value, rules

    def _is_quiet(self, word: str, before: list[str]) -> bool:
        """Whether nothing near can change the word; most words of most texts, hence worth asking first."""
        return not (self._has_contraction or self._has_phrase_marker or word == "no") and CONTEXT_MARKERS.isdisjoint(
            before
        )

    def _after_no(self, index: int, value: float, before: Sequence[str]) -> tuple[float, int]:
        if "no" in before and (before.index("no") < THREE_BACK - 1 or before[0] in ("or", "nor")):
            return value * NEGATED, NEGATION
        lower = self._lower
        if lower[index] == "no" and index + 1 < len(lower) and lower[index + 1] in self._lexicon:
            return 0.0, 0
        return value, 0

    def _boosted(self, index: int, distance: int, value: float, rules: int) -> tuple[float, int]:
        step = BOOSTERS[self._lower[index]]
        rule = INTENSIFIER if step > 0 else DAMPENER
        if value < 0:
            step = -step
        if self._tokens.shouts(index):
            step += CAPS if value > 0 else -CAPS
        return value + step * FADE[distance], rules | rule

    def _phrases(self, index: int, value: float, rules: int) -> tuple[float, int]:
        three, two, one, word, *after = self._lower[index - THREE_BACK : index + 3]
        phrases = (
            f"{one} {word}",
            f"{two} {one} {word}",
            f"{two} {one}",
            f"{three} {two} {one}",
            f"{three} {two}",
        )
        found = [IDIOMS[phrase] for phrase in phrases if phrase in IDIOMS][:1]
        ahead = (" ".join((word, *after[:length])) for length in range(1, len(after) + 1))
        found += [IDIOMS[phrase] for phrase in ahead if phrase in IDIOMS]
        if found:
            value, rules = found[-1], IDIOM
        for pair in (f"{three} {two}", f"{two} {one}"):
            if pair in BOOSTER_PAIRS:
                value, rules = value + BOOSTER_PAIRS[pair], rules | DAMPENER
        return value, rules


def _negation(before: Sequence[str], distance: int) -> tuple[float, int]:
    """The factor by which the word so many words before changes a valence, and its rule."""
    word = before[distance]
    if distance == THREE_BACK - 1 and before[0] in EMPHATIC:
        # VADER means "never so good", but three words back it takes any "so good" for it.
        return EMPHASISED, INTENSIFIER
    if word not in NEGATIONS and "n't" not in word:
        return 1.0, 0
    if distance and word == "never" and before[distance - 1] in EMPHATIC:
        return EMPHASISED, INTENSIFIER
    if word == "without" and "doubt" in before[:distance]:
        return 1.0, 0
    return NEGATED, NEGATION


def _shift_at_contrast(but: int, indices: list[int], values: list[float], rules: list[int]) -> None:
    """Halve what stands before the first "but" and raise what follows, as VADER does it: by value.

    VADER walks over the values and changes, for each, the first place that holds an equal value at that moment, so
    that of two equal words the first may be changed twice and the second never. The first place of a value is the
    smallest of a heap here, which takes n log n steps where VADER's searches take n².
    """
    places: dict[float, list[int]] = {}
    for place, value in enumerate(values.copy()):
        heappush(places.setdefault(value, []), place)
        first = heappop(places[value])
        values[first] = value * (0.5 if indices[first] < but else 1.5)
        rules[first] |= CONTRAST
        heappush(places.setdefault(values[first], []), first)
