"""Who is asking."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller we know, as an argument of everything done for them.

    Attributes:
        id: Their account.
        permissions: What they may do beyond what everybody may do with their own.
    """

    id: int
    permissions: AbstractSet[str] = frozenset()

    def may(self, permission: str) -> bool:
        """Whether they hold a permission."""
        return permission in self.permissions
