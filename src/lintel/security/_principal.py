"""Who is asking."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller we know, as an argument of everything done for them.

    Attributes:
        id: Their account.
        permissions: What they may do, with their own things and with everybody's.
        roles: What they are; tells whom a flag is for. What they may do is asked of `permissions` alone.
        session_id: What they are signed in with; None for somebody who is not signed in, such as a job's owner.
        api_key_id: The key they came with; None for everybody else.
    """

    id: int
    permissions: AbstractSet[str] = frozenset()
    roles: AbstractSet[str] = field(default=frozenset(), compare=False)
    session_id: UUID | None = None
    api_key_id: int | None = None

    def may(self, permission: str) -> bool:
        """Whether they hold a permission."""
        return permission in self.permissions
