"""What can be switched, and for whom it is on."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256

from lintel.security import Principal

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
PERCENT = 100
BUCKETS = 10_000
"""Parts that users are divided into: a hundredth of a percent each."""


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that can be on or off. Declared once, in one place of a service, and used by that object.

    Attributes:
        name: Stable; a lower-case word. `FLAG_<NAME>` in the environment decides for everybody.
        default: What it is as long as nobody says otherwise, and where nobody can be asked.
        description: What is on when it is on; shown to users.

    Raises:
        ValueError: The name is no such word.
    """

    name: str
    default: bool
    description: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(f"not a flag's name: {self.name!r}")


@dataclass(frozen=True, slots=True)
class Rule:
    """For whom a flag is on.

    Attributes:
        enabled: Off for everybody if not.
        percentage: Part of all users for whom it is on, 0 to 100; the same ones each time, and others for another flag.
            Who is not known belongs to it at 100 only.
        user_ids: Users for whom it is on in any case.
        roles: Roles for whose holders it is on in any case.
    """

    enabled: bool
    percentage: float = PERCENT
    user_ids: AbstractSet[int] = frozenset()
    roles: AbstractSet[str] = frozenset()

    def applies_to(self, flag: Flag, principal: Principal | None) -> bool:
        """Whether the flag is on for somebody."""
        if not self.enabled or self.percentage >= PERCENT:
            return self.enabled
        if principal is None:
            return False
        is_named = principal.id in self.user_ids or not self.roles.isdisjoint(principal.roles)
        return is_named or bucket_of(flag, principal.id) < self.percentage * BUCKETS / PERCENT


def bucket_of(flag: Flag, user_id: int) -> int:
    """The part, 0 to 9,999, that a user belongs to for a flag; the same in every process and version."""
    digest = sha256(f"{flag.name}:{user_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % BUCKETS
