"""Cuts English text into sentences, in time that grows with its length only.

A stop ends a sentence when white space follows, unless what stands around it says otherwise: an abbreviation, an
initial, the number of a list item, an ellipsis or a quotation that goes on in lower case. A CJK stop needs no space.
A blank line always ends a sentence; a single line break does unless the next line goes on in lower case or has nothing
but emoji.
"""

import re
from typing import Final, NamedTuple

from app.engines.text._abbreviations import BEFORE_NUMBER, ENDING, NEVER_ENDING, STARTERS

_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_CLOSERS = re.escape("\"'”’»›)]}*_」』）】》〉")  # noqa: RUF001 - the quotation marks that people type
_EMOJI = "\u2600-\u27bf\ufe0f\u200d\U0001f000-\U0001faff"
_OPENERS = "\"'“‘«‹([{*_¿¡「『（【《〈"  # noqa: RUF001 - the quotation marks that people type
_CJK_STOPS = "。！？｡．"  # noqa: RUF001 - full-width on purpose
_STOPS = f".!?…‼⁇⁈⁉{_CJK_STOPS}"
_LONGEST_NUMBER = 4
_LOOK = 24
"""How far to look around a stop: enough for any abbreviation, and a bound that keeps the work linear."""

_CANDIDATE: Final = re.compile(
    # One set first, so that the search skips what is no candidate. Possessive: a long run is read once.
    rf"[{_STOPS}{_BREAKS}](?:(?<=[{_STOPS}])([{_STOPS}]*+(?:[ ]++[{_STOPS}]++)*+)"
    rf"([{_CLOSERS}]*+(?:[ ]*+[{_EMOJI}]++)*+[{_CLOSERS}]*+)"
    r"(\s*+)|\s*+)"
)
_BLANK_LINE: Final = re.compile(rf"(?:\r\n|[{_BREAKS}])[^\S{_BREAKS}]*+[{_BREAKS}]")
_BREAK: Final = re.compile(f"[{_BREAKS}]")
_EMOJI_LINE: Final = re.compile(rf"[{_EMOJI} ]++(?:[{_BREAKS}]|\Z)")
_LETTERED_ITEM: Final = re.compile(r"[a-z][.)]\s")
_DOTTED: Final = re.compile(r"(?:[A-Za-z]\.)*[A-Za-z]")
_WORD: Final = re.compile(r"[^\W_]+(?:['’]\w+)?")  # noqa: RUF001 - the apostrophe that phones type


class Span(NamedTuple):
    """A stretch of text from `start` up to `end`, in code points."""

    start: int
    end: int


def split_sentences(text: str) -> list[Span]:
    """The sentences of a text in order, trimmed of white space; together they hold all that is not white space."""
    spans: list[Span] = []
    length = len(text)
    start = content = length - len(text.lstrip())
    for match in _CANDIDATE.finditer(text, start):
        at, end = match.span()
        if match.lastindex is None:
            if end < length and _ends_line(text, match[0], end):
                spans.append(Span(start, start + len(text[start:at].rstrip())))
                start = content = end
        elif at == content:
            # Nothing but stops so far, as in "...and then": they belong to what follows.
            content = end
        elif end < length and _ends_sentence(text, match, start):
            spans.append(Span(start, match.end(2)))
            start = content = end
    if start < length:
        spans.append(Span(start, start + len(text[start:].rstrip())))
    return spans


def _ends_sentence(text: str, match: re.Match[str], start: int) -> bool:
    """Whether the stop ends the sentence that starts there."""
    stop, gap, end = text[match.start() : match.end(1)], match[3], match.end()
    if stop[-1] in _CJK_STOPS:
        return True
    if not gap or (stop == "." and _is_item_number(text, start, match.start())):
        return False
    if gap != " " and _BREAK.search(gap) and _ends_line(text, gap, end):
        return True
    following = text[end : end + _LOOK].lstrip(_OPENERS)
    if following[:1].islower() and (match[2].strip() or stop.endswith(("...", "…"))):
        return False
    if stop != ".":
        return True
    before = text[max(start, match.start() - _LOOK) : match.start()].split()
    return not before or _full_stop_ends(before[-1].lstrip(_OPENERS), following)


def _ends_line(text: str, gap: str, following: int) -> bool:
    """Whether a line break ends a sentence: a paragraph, or a line that does not go on with the one before."""
    if _BLANK_LINE.search(gap):
        return True
    if text[following : following + 1].islower():
        return bool(_LETTERED_ITEM.match(text, following))
    return not _EMOJI_LINE.match(text, following)


def _full_stop_ends(word: str, following: str) -> bool:
    """Whether a full stop between this word and what follows is more than part of an abbreviation."""
    lower = word.lower()
    if lower in NEVER_ENDING:
        return False
    if lower in BEFORE_NUMBER:
        return not following[:1].isdigit()
    if lower in ENDING:
        return following[:1].isupper()
    if (len(word) == 1 or "." in word) and word != "I" and _DOTTED.fullmatch(word):
        starter = _WORD.match(following)
        return starter is not None and starter[0] in STARTERS
    return True


def _is_item_number(text: str, start: int, stop: int) -> bool:
    """Whether a full stop there follows nothing but the number of a list item, as in "1. First"."""
    return stop - start <= _LONGEST_NUMBER and text[start:stop].lstrip("(").isdigit()
