"""Roles and what they may do. A principal's permissions come from here and nowhere else."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from app.core.enums import UserRole


class Permission(StrEnum):
    """Something that not everybody may do."""

    USERS_READ = "users:read"
    USERS_MANAGE = "users:manage"
    OPERATIONS_READ = "operations:read"


ROLE_PERMISSIONS: Mapping[UserRole, frozenset[str]] = MappingProxyType(
    {
        UserRole.USER: frozenset(),
        UserRole.MODERATOR: frozenset({Permission.USERS_READ}),
        UserRole.ADMIN: frozenset(Permission),
    }
)
