"""What every password must have, and what none may be."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path

MIN_LENGTH = 8
MAX_LENGTH = 128

TOO_COMMON = "is too common: choose one that nobody would try"
MADE_OF_NAMES = (
    "is made of your name, username or address, or of the name of this service: choose one that nobody would try"
)
MEAN_RUN = 3
"""Neighbouring keys in a row, on average, that make a password a walk over the keyboard."""

_CLASSES = {
    "one upper-case letter": str.isupper,
    "one lower-case letter": str.islower,
    "one digit": str.isdigit,
}
_WORDS_FILE = Path(__file__).with_name("common_words.txt")
_ROWS = (
    *("1234567890", "qwertyuiop", "qwertz", "azertyuiop", "asdfghjkl", "qsdfghjklm", "zxcvbnm", "yxcvbnm", "wxcvbn"),
    *("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik", "9ol", "1q2w3e4r5t6y7u8i9o0p"),
    "abcdefghijklmnopqrstuvwxyz",
)
_NEIGHBOURS = frozenset(pair for row in _ROWS for there, back in pairwise(row) for pair in (there + back, back + there))
_UNSHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
# A 1 and a ! stand for an i as often as for an l.
_WRITTEN_FOR_LETTERS = [str.maketrans("@4830$57+1!", f"aabeosstt{letter}{letter}") for letter in "il"]
_NO_LETTERS = r"[\W\d_]+"


def check_password_classes(password: str) -> None:
    """Refuse a password without an upper-case letter, a lower-case letter and a digit.

    Raises:
        ValueError: Names what is missing.
    """
    missing = [name for name, is_member in _CLASSES.items() if not any(map(is_member, password))]
    if missing:
        raise ValueError(f"needs at least {' and '.join(missing)}")


def check_password_uncommon(password: str) -> None:
    """Refuse what many people take and every attacker tries first.

    That is a common word with anything around it that is no letter, in any case and with numbers for letters
    (`P@ssw0rd!2024`), or a walk over the keyboard (`Qwerty123`, `1qaz2WSX`). Lists of the passwords themselves hold
    little else that also has the three classes of characters.

    Raises:
        ValueError: It is one. The message does not repeat it.
    """
    folded = _folded(password)
    if _is_walk(folded) or not _common_words().isdisjoint(_readings(folded)):
        raise ValueError(TOO_COMMON)


def is_made_of(password: str, names: Iterable[str]) -> bool:
    """Whether a password is one of these names, or of their parts, with anything around it that is no letter.

    Args:
        password: To be refused, if so.
        names: Of the user, the service and the like; of any form, such as an address.
    """
    words: set[str] = set()
    texts = list(names)
    # Of an address also what stands before the sign, as one word.
    for name in (*texts, *(text.rpartition("@")[0] for text in texts)):
        parts = [part for part in re.split(_NO_LETTERS, _folded(name)) if part]
        words.update(parts, ["".join(parts), "".join(reversed(parts))])
    return not words.isdisjoint(_readings(_folded(password)))


@cache
def _common_words() -> frozenset[str]:
    lines = _WORDS_FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _folded(text: str) -> str:
    """In lower case, and without the marks on letters."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def _readings(folded: str) -> set[str]:
    """The letters of a text in every way that it may be meant: what is around them may stand for letters, too."""
    without_end = re.sub(f"{_NO_LETTERS}$", "", folded)
    texts = [folded, without_end, *(re.sub(f"^{_NO_LETTERS}", "", text) for text in (folded, without_end))]
    tables: list[dict[int, int]] = [{}, *_WRITTEN_FOR_LETTERS]
    read = {re.sub(_NO_LETTERS, "", text.translate(table)) for text in texts for table in tables}
    return {_unit(letters) for letters in read if letters}


def _unit(text: str) -> str:
    """What a text repeats; the text itself if it repeats nothing."""
    return text[: (text + text).index(text, 1)]


def _is_walk(folded: str) -> bool:
    keys = "".join(key for key, _ in groupby(folded.translate(_UNSHIFTED)))
    leaps = sum(before + after not in _NEIGHBOURS for before, after in pairwise(keys))
    return len(keys) >= MEAN_RUN * (1 + leaps)
