"""VADER's words of a text, and the way back from a word to where it stands."""

from collections.abc import Iterable, Iterator
from string import punctuation

from app.engines.text._lexicon import emoji_names, emoji_pattern

SHORTEST_WORD = 3
"""What is shorter without its punctuation is taken for an emoticon and keeps it."""


class Tokens:
    """The words of one text: `raw` as written, `bare` without outer punctuation, `lower` in lower case."""

    __slots__ = ("_some_shout", "bare", "lower", "lowered", "raw", "text")

    def __init__(self, text: str) -> None:
        self.text = text if text.isascii() else expand_emoji(text)
        self.raw = self.text.split()
        self.bare = [bare if len(bare := word.strip(punctuation)) >= SHORTEST_WORD else word for word in self.raw]
        self.lowered = " ".join(self.bare).lower()
        self.lower = self.lowered.split(" ") if self.raw else []
        self._some_shout: bool | None = None

    def shouts(self, index: int) -> bool:
        """Whether the word is in capitals in a text that is not all capitals."""
        if not self.raw[index].isupper():
            return False
        if self._some_shout is None:
            self._some_shout = not all(map(str.isupper, self.raw))
        return self._some_shout

    def spans(self, indices: list[int]) -> list[tuple[int, int]]:
        """Where the words stand in `text`, without their outer punctuation; for at least one, rising."""
        starts, end = [], 0
        for word in self.raw[: indices[-1] + 1]:
            start = self.text.index(word, end)
            starts.append(start)
            end = start + len(word)
        spans = []
        for index in indices:
            bare = self.bare[index]
            start = starts[index] + self.raw[index].index(bare)
            spans.append((start, start + len(bare)))
        return spans


def spans_as_given(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, bool]]:
    """Lead rising spans of the expanded text back to the text as given; the third value says whether an emoji is there.

    A word of a description stands where its emoji does, so that several words may have one span.
    """
    pieces = _pieces(text)
    expanded, given, is_emoji, expanded_end = next(pieces)
    for start, end in spans:
        while start >= expanded_end:
            expanded, given, is_emoji, expanded_end = next(pieces)
        given_start, has_emoji = (given, True) if is_emoji else (given + start - expanded, False)
        while end > expanded_end:
            expanded, given, is_emoji, expanded_end = next(pieces)
        yield given_start, given + (1 if is_emoji else end - expanded), has_emoji or is_emoji


def _pieces(text: str) -> Iterator[tuple[int, int, bool, int]]:
    """Start in the expanded text, start in the text as given, whether an emoji, and end in the expanded text."""
    names = emoji_names()
    expanded = given = 0
    is_emoji = False
    for part in emoji_pattern().split(text):  # pragma: no branch - nobody asks for what follows the last word
        end = expanded + (len(names[part]) + 1 if is_emoji else len(part))
        yield expanded, given, is_emoji, end
        expanded, given, is_emoji = end, given + len(part), not is_emoji


def expand_emoji(text: str) -> str:
    """Put the description of every emoji in its place, after a space but, as in VADER, with none behind it."""
    names = emoji_names()
    parts = emoji_pattern().split(text)
    parts[1::2] = [f" {names[emoji]}" for emoji in parts[1::2]]
    return "".join(parts)
