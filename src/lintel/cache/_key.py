"""What a cached value is the answer to, and for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from hashlib import sha256
from typing import Self
from urllib.parse import quote
from uuid import UUID

from lintel.errors import PermissionDenied
from lintel.security import Principal

LONGEST = 200
"""Characters of a key's parts that are kept as they are; longer ones are hashed."""

Part = str | int | float | bool | None | date | UUID | Enum | Sequence["Part"]
"""What can stand in a key: values that mean the same in every process."""

EVERYBODY = "all"


@dataclass(frozen=True, slots=True)
class CacheKey:
    """The question that a cached value answers. Made by one of three constructors, so that nobody forgets for whom.

    Attributes:
        name: Which question; a constant of the program, and a label of metrics.
        text: The whole key: name, audience and parts, each escaped, so that no part can pass for another.
    """

    name: str
    text: str

    @classmethod
    def personal(cls, name: str, principal: Principal, *parts: Part) -> Self:
        """For an answer that is this principal's own."""
        return cls._of(name, f"user:{principal.id}", parts)

    @classmethod
    def permitted(cls, name: str, principal: Principal, permission: str, *parts: Part) -> Self:
        """For an answer that is the same for all who hold a permission.

        Raises:
            PermissionDenied: This principal does not hold it.
        """
        if not principal.may(permission):
            raise PermissionDenied
        return cls._of(name, f"may:{permission}", parts)

    @classmethod
    def public(cls, name: str, *parts: Part) -> Self:
        """For an answer that is the same for everybody, known or not."""
        return cls._of(name, EVERYBODY, parts)

    @classmethod
    def _of(cls, name: str, audience: str, parts: tuple[Part, ...]) -> Self:
        words = ":".join(_word(part) for part in parts)
        if len(words) > LONGEST:
            words = f"#{sha256(words.encode()).hexdigest()}"  # no escaped word begins like this
        return cls(name, f"{escaped(name)}:{escaped(audience)}:{words}")


def escaped(text: str) -> str:
    """The text without any sign that has a meaning in keys."""
    return quote(text, safe="", errors="surrogatepass")


def _word(part: Part) -> str:
    """A part with its kind, so that 1, "1" and True are three."""
    if isinstance(part, Enum):
        part = part.value
    if part is None or isinstance(part, bool | int | float):
        return f"{part}"
    if isinstance(part, str):
        return f"'{escaped(part)}"
    if isinstance(part, date | UUID):
        return f"{type(part).__name__}={escaped(str(part))}"
    if isinstance(part, list | tuple):
        return f"({','.join(_word(item) for item in part)})"
    raise TypeError(f"{type(part).__name__} cannot be part of a cache key: it need not mean the same elsewhere")
