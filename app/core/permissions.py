"""Roles and what they may do. A principal's permissions come from here and nowhere else."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from app.core.enums import UserRole


class Permission(StrEnum):
    """Something that a caller may do. Which rows they may do it with is decided in `app.repositories.visibility`."""

    # With one's own.
    PROFILE_READ = "profile:read"
    PROFILE_WRITE = "profile:write"
    ANALYSES_READ = "analyses:read"
    ANALYSES_WRITE = "analyses:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    # With everybody's.
    USERS_READ = "users:read"
    MESSAGES_SEND = "messages:send"
    USERS_MANAGE = "users:manage"
    JOBS_MANAGE = "jobs:manage"
    FLAGS_MANAGE = "flags:manage"
    OPERATIONS_READ = "operations:read"
    AUDIT_READ = "audit:read"


_OWN = frozenset(
    {
        Permission.PROFILE_READ,
        Permission.PROFILE_WRITE,
        Permission.ANALYSES_READ,
        Permission.ANALYSES_WRITE,
        Permission.JOBS_READ,
        Permission.JOBS_WRITE,
    }
)

ROLE_PERMISSIONS: Mapping[UserRole, frozenset[str]] = MappingProxyType(
    {
        UserRole.USER: _OWN,
        UserRole.MODERATOR: _OWN | {Permission.USERS_READ, Permission.MESSAGES_SEND},
        UserRole.ADMIN: frozenset(Permission),
    }
)
