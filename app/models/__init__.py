"""The tables. Importing this package makes every one of them known to the metadata."""

from app.models.analyses import Analysis
from app.models.api_keys import ApiKey
from app.models.audit import AuditEntry
from app.models.base import Base
from app.models.batches import Batch
from app.models.flags import FeatureFlag
from app.models.idempotency import IdempotencyKey
from app.models.invitations import Invitation
from app.models.jobs import Job, Schedule
from app.models.one_time_tokens import OneTimeToken
from app.models.profiles import Profile
from app.models.sessions import UserSession
from app.models.tickets import Ticket
from app.models.users import User

__all__ = [
    "Analysis",
    "ApiKey",
    "AuditEntry",
    "Base",
    "Batch",
    "FeatureFlag",
    "IdempotencyKey",
    "Invitation",
    "Job",
    "OneTimeToken",
    "Profile",
    "Schedule",
    "Ticket",
    "User",
    "UserSession",
]
