"""The channels of this service: the one place that says which there are."""

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

PUBLIC_CHANNELS: Mapping[str, str] = MappingProxyType(
    {
        "news": "What is new in the service.",
        "maintenance": "When the service will be away.",
    }
)
"""What everybody with an account may hear, and moderators may speak on."""

USER = "user:"
JOB = "job:"


def user_channel(user_id: int) -> str:
    """What concerns one user: messages to them, and changes of their account, after which access is checked anew."""
    return f"{USER}{user_id}"


def job_channel(job_id: UUID) -> str:
    """The progress of one job."""
    return f"{JOB}{job_id}"


def job_of(channel: str) -> UUID | None:
    """The job whose channel it is; None for every other channel, and for any other way to write that one."""
    try:
        job_id = UUID(channel.removeprefix(JOB))
    except ValueError:
        return None
    return job_id if channel == job_channel(job_id) else None
