"""The two data files of VADER, read once and only when first asked for."""

import re
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@cache
def word_values() -> dict[str, float]:
    """Lexicon word (lower case, as VADER looks it up) to mean valence, -4 to 4."""
    return {word: float(value) for word, value in _columns("vader_lexicon.txt")}


@cache
def emoji_names() -> dict[str, str]:
    """Emoji to English description. Only those of one code point: VADER looks characters up one by one."""
    return {emoji: name for emoji, name in _columns("emoji_utf8_lexicon.txt") if len(emoji) == 1}


@cache
def emoji_pattern() -> re.Pattern[str]:
    """Matches one emoji of `emoji_names` and captures it, so that `split` keeps it."""
    return re.compile(f"([{''.join(map(re.escape, emoji_names()))}])")


def _columns(file: str) -> list[tuple[str, str]]:
    lines = (DATA / file).read_text(encoding="utf-8").split("\n")
    rows = (line.strip().split("\t") for line in lines if line)
    return [(row[0], row[1]) for row in rows]
