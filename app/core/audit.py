"""What the audit log knows: who, what, to whom, and how it ended."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from lintel.security import Principal


class AuditAction(StrEnum):
    """What was done, or tried. A value is never given another meaning: entries are kept for long."""

    USER_REGISTERED = "user.registered"
    REGISTRATION_ASKED = "registration.asked"
    USER_CREATED = "user.created"
    USER_UPDATED = "user.updated"
    USER_ROLE_CHANGED = "user.role_changed"
    USER_ACTIVATED = "user.activated"
    USER_DEACTIVATED = "user.deactivated"
    USER_RESTORED = "user.restored"
    USER_DELETED = "user.deleted"
    USER_PURGED = "user.purged"
    EMAIL_CHANGED = "email.changed"
    EMAIL_CHANGE_ASKED = "email.change_asked"
    EMAIL_CHANGE_REFUSED = "email.change_refused"
    EMAIL_VERIFIED = "email.verified"
    SIGNED_IN = "signin.succeeded"
    SIGN_IN_REFUSED = "signin.refused"
    SIGN_IN_THROTTLED = "signin.throttled"
    SIGNED_OUT = "session.signed_out"
    SESSION_REVOKED = "session.revoked"
    SESSIONS_REVOKED = "session.all_revoked"
    REFRESH_REUSED = "session.refresh_reused"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - an action
    PASSWORD_CHANGE_REFUSED = "password.change_refused"  # noqa: S105 - an action
    PASSWORD_RESET_ASKED = "password.reset_asked"  # noqa: S105 - an action
    PASSWORD_RESET = "password.reset"  # noqa: S105 - an action
    INVITATION_CREATED = "invitation.created"
    INVITATION_REVOKED = "invitation.revoked"
    API_KEY_CREATED = "api_key.created"
    API_KEY_REVOKED = "api_key.revoked"
    FLAG_CHANGED = "flag.changed"
    FLAG_RESET = "flag.reset"
    PERMISSION_DENIED = "permission.denied"


class AuditOutcome(StrEnum):
    """How something ended."""

    SUCCEEDED = "succeeded"
    REFUSED = "refused"


REFUSALS = frozenset(
    {
        AuditAction.SIGN_IN_REFUSED,
        AuditAction.SIGN_IN_THROTTLED,
        AuditAction.REFRESH_REUSED,
        AuditAction.PASSWORD_CHANGE_REFUSED,
        AuditAction.EMAIL_CHANGE_REFUSED,
        AuditAction.PERMISSION_DENIED,
    }
)
"""Of which nothing came but their entry."""


class ActorKind(StrEnum):
    """What somebody is who does something."""

    USER = "user"
    API_KEY = "api_key"
    SYSTEM = "system"
    ANONYMOUS = "anonymous"


class TargetKind(StrEnum):
    """What something is done to."""

    USER = "user"
    SESSION = "session"
    API_KEY = "api_key"
    INVITATION = "invitation"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something.

    Attributes:
        kind: What they are.
        id: Their account; that of the owner for a key, none for the service itself and for somebody unknown.
        api_key_id: Which key they came with, if they did.
    """

    kind: ActorKind
    id: int | None = None
    api_key_id: int | None = None

    @classmethod
    def of(cls, principal: Principal | None) -> Self:
        """Somebody who was let in; the service itself if there is nobody."""
        if principal is None:
            return cls(ActorKind.SYSTEM)
        kind = ActorKind.USER if principal.api_key_id is None else ActorKind.API_KEY
        return cls(kind, principal.id, principal.api_key_id)

    @classmethod
    def user(cls, user_id: int) -> Self:
        """Somebody who has just shown who they are, by a password or a token from a mail."""
        return cls(ActorKind.USER, user_id)


ANONYMOUS = Actor(ActorKind.ANONYMOUS)
"""Somebody who has not shown who they are."""
