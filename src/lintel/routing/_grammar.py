"""How numbers and booleans are written where everything is text: in paths, queries and forms."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

SEQUENCES = frozenset({list, tuple, set, frozenset})


@dataclass(frozen=True, slots=True)
class Grammar:
    """The one way to write a value, which is JSON's.

    Pydantic reads `1_0`, `1.0` and ` 7 ` as whole numbers and `yes` as true. Caches, firewalls and other languages read
    them otherwise, and each further spelling of one value is one more way around whatever compares spellings.

    Attributes:
        pattern: What the whole text must match.
        message: What is wrong with any other.
        code: Pydantic's name for that.
    """

    pattern: re.Pattern[str]
    message: str
    code: str

    def reads(self, text: str) -> bool:
        """Whether a text is written this way."""
        return self.pattern.fullmatch(text) is not None


_WHOLE = r"-?(?:0|[1-9][0-9]*)"
GRAMMARS = {
    int: Grammar(re.compile(_WHOLE), "Must be a whole number in plain decimal digits", "int_parsing"),
    float: Grammar(
        re.compile(rf"{_WHOLE}(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"), "Must be a number as JSON writes it", "float_parsing"
    ),
    bool: Grammar(re.compile("true|false"), "Must be true or false", "bool_parsing"),
}


def grammar_of(annotation: Any) -> Grammar | None:
    """The grammar of values of a type; None where there is none, as for text and for numbers or text."""
    found = {GRAMMARS.get(kind) for kind in _members(annotation)}
    return found.pop() if len(found) == 1 else None


def takes_several(annotation: Any) -> bool:
    """Whether a value of this type is given by repeating its name."""
    return any((get_origin(kind) or kind) in SEQUENCES for kind in _alternatives(annotation))


def _members(annotation: Any) -> Iterator[Any]:
    """The types that one text may stand for: those within optional types and lists, too."""
    for kind in _alternatives(annotation):
        if (get_origin(kind) or kind) in SEQUENCES and get_args(kind):
            yield from _members(get_args(kind)[0])
        elif kind is not type(None):
            yield kind


def _alternatives(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in {Union, UnionType}:
        for alternative in get_args(annotation):
            yield from _alternatives(alternative)
    else:
        yield annotation
