"""VADER's words of a text, and the way back from a word to where it stands."""

from collections.abc import Iterable
from itertools import accumulate
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

    def spans(self, indices: Iterable[int]) -> list[tuple[int, int]]:
        """Where the words stand in `text`, without their outer punctuation."""
        starts, spans = self._starts(), []
        for index in indices:
            bare = self.bare[index]
            start = starts[index] + self.raw[index].index(bare)
            spans.append((start, start + len(bare)))
        return spans

    def _starts(self) -> list[int]:
        text, sizes = self.text, [len(word) + 1 for word in self.raw]
        first = len(text) - len(text.lstrip())
        if first + sum(sizes) - 1 == len(text):
            # One character between all words, as nearly always: counting is twice as fast as looking.
            return list(accumulate(sizes, initial=first))
        starts, end = [], 0
        for word in self.raw:
            start = text.index(word, end)
            starts.append(start)
            end = start + len(word)
        return starts


def spans_as_given(text: str, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int, bool]]:
    """Lead rising spans of the expanded text back to the text as given; the third value says whether an emoji is there.

    A word of a description stands where its emoji does, so that several words may have one span.
    """
    names, parts = emoji_names(), emoji_pattern().split(text)
    sizes = [len(part) for part in parts]
    given = [0, *accumulate(sizes)]
    # `split` puts the emoji at the odd places; a description comes with a space.
    sizes[1::2] = [len(names[emoji]) + 1 for emoji in parts[1::2]]
    expanded = [0, *accumulate(sizes)]
    found, last = [], 0
    for start, end in spans:
        while start >= expanded[last + 1]:
            last += 1
        first = last
        while end > expanded[last + 1]:
            last += 1
        given_start = given[first] + (0 if first % 2 else start - expanded[first])
        given_end = given[last] + (1 if last % 2 else end - expanded[last])
        found.append((given_start, given_end, bool(first % 2 or last % 2)))
    return found


def expand_emoji(text: str) -> str:
    """Put the description of every emoji in its place, after a space but, as in VADER, with none behind it."""
    names = emoji_names()
    parts = emoji_pattern().split(text)
    parts[1::2] = [f" {names[emoji]}" for emoji in parts[1::2]]
    return "".join(parts)
