"""The closed sets of values that rows, bodies and rules share."""

from enum import StrEnum


class UserRole(StrEnum):
    """What a user may do beyond their own things."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


class UserStatus(StrEnum):
    """Whether an account can be used."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    SUSPENDED = "suspended"
    PENDING_VERIFICATION = "pending_verification"


class TokenPurpose(StrEnum):
    """What a token sent by mail is good for. Also the name of that mail's template."""

    PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose
    EMAIL_VERIFICATION = "email_verification"
    EMAIL_CHANGE = "email_change"


class AnalysisType(StrEnum):
    """What is asked about a text."""

    SENTIMENT = "sentiment"


class AnalysisStatus(StrEnum):
    """How far an analysis is."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELLED = "cancelled"


UNFINISHED = (AnalysisStatus.PENDING, AnalysisStatus.PROCESSING)
"""Of which more is to come."""


class OptimizationTier(StrEnum):
    """How much effort is spent on an analysis."""

    BASIC = "basic"
    STANDARD = "standard"


class SentimentLabel(StrEnum):
    """What a score amounts to."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    MIXED = "mixed"


class VideoQuality(StrEnum):
    """How many lines a video has."""

    SD = "sd"
    HD = "hd"
    UHD = "uhd"
