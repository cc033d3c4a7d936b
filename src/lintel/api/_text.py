"""Text as people type it, in one form."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from annotated_types import GroupedMetadata
from pydantic import AfterValidator, BeforeValidator, StringConstraints

MAX_DECOMPOSED = 4
"""Most characters that one composed character stands for."""
MAX_MARKS = 30
"""Marks on one letter: as many as any language needs (Unicode's Stream-Safe Text, UAX 15). Each costs time to sort."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
"""Control characters, except those that end lines or move to a column."""
_LAYOUT = re.compile(r"[\t-\r\x85\u2028\u2029]")
_UNSEEN = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff"
    r"\uffa0\ufff0-\ufffb\U000e0001]"
)
"""Characters without a width, and those that turn the direction of what follows."""
_STRAY_JOINER = re.compile(r"(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u200c\u200d])")
"""Joiners belong between letters of scripts that have them, and between the parts of an emoji."""
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters that look like a space."""


def composed(text: str) -> str:
    """Text in Unicode's form NFC, in which each character that can be written in two ways is written in one.

    Raises:
        ValueError: So many marks stand on one letter that sorting them would take long.
    """
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return text
    if _piles_up(text):
        raise ValueError(f"must not put more than {MAX_MARKS} marks on one letter")
    return unicodedata.normalize("NFC", text)


def has_unseen(text: str) -> bool:
    """Whether some character in it cannot be seen, so that two texts look alike that are not."""
    return bool(_UNSEEN.search(text) or _STRAY_JOINER.search(text))


@dataclass(frozen=True, slots=True)
class Text(GroupedMetadata):
    """Metadata of trimmed text that shows something: `Annotated[str, Text(max_length=100)]`.

    It is composed (NFC) first, so that equal texts are stored equal; lengths count Unicode code points after that, as
    databases do. Control characters are refused, except line breaks and tabs where there may be several lines. One line
    also has no character that cannot be seen: zero-width ones and those that turn the direction of writing.

    Letters of different scripts that look alike are different, as they are for every database.
    """

    max_length: int
    min_length: int = 1
    lines: bool = False

    def __iter__(self) -> Iterator[Any]:
        """The constraints that this stands for."""
        yield StringConstraints(strip_whitespace=True, min_length=self.min_length, max_length=self.max_length)
        yield BeforeValidator(self._composed)
        yield AfterValidator(_visible)
        yield AfterValidator(_in_lines if self.lines else _in_one_line)

    def _composed(self, value: Any) -> Any:
        if not isinstance(value, str) or value.isascii():
            return value
        value = value.strip()
        # A text that is too long in any form is left to the constraint that says so.
        return composed(value) if len(value) <= self.max_length * MAX_DECOMPOSED else value


def _piles_up(text: str) -> bool:
    marks = 0
    for sign in text:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks > MAX_MARKS:
            return True
    return False


def _visible(value: str) -> str:
    if not any(sign.isprintable() and not sign.isspace() and sign not in _BLANK for sign in value):
        raise ValueError("must show something")
    return value


def _in_lines(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value


def _in_one_line(value: str) -> str:
    if _LAYOUT.search(value) or _CONTROL.search(value):
        raise ValueError("must not contain line breaks or other control characters")
    if not value.isascii() and has_unseen(value):
        raise ValueError("must not contain characters that cannot be seen")
    return value


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain the NUL character")
    return value


NoNul = AfterValidator(_no_nul)
"""For text that is taken as it comes: PostgreSQL cannot store the NUL character."""
