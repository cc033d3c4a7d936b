"""Roles and what they may do."""

from typing import Any

import pytest

from app.core.enums import UserRole
from app.core.permissions import ROLE_PERMISSIONS, Permission

OWN = {f"{things}:{verb}" for things in ("profile", "analyses", "jobs") for verb in ("read", "write")}


class TestRolePermissions:
    def test_know_every_role(self) -> None:
        assert set(ROLE_PERMISSIONS) == set(UserRole)

    @pytest.mark.parametrize(
        ("role", "expected"),
        [
            (UserRole.USER, OWN),
            (UserRole.MODERATOR, OWN | {"users:read", "messages:send"}),
            (
                UserRole.ADMIN,
                OWN
                | {"users:read", "users:manage", "operations:read", "messages:send", "jobs:manage", "flags:manage"}
                | {"audit:read"},
            ),
        ],
    )
    def test_are_what_the_role_needs(self, role: UserRole, expected: set[str]) -> None:
        assert set(ROLE_PERMISSIONS[role]) == expected

    def test_grow_with_the_role(self) -> None:
        user, moderator, admin = (ROLE_PERMISSIONS[role] for role in UserRole)
        assert user < moderator < admin == set(Permission)

    def test_cannot_be_changed_while_running(self) -> None:
        permissions: Any = ROLE_PERMISSIONS
        with pytest.raises(TypeError):
            permissions[UserRole.USER] = frozenset(Permission)
        assert isinstance(ROLE_PERMISSIONS[UserRole.ADMIN], frozenset)
