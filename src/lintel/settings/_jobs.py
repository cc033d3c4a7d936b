"""The group of settings about jobs."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from lintel.settings._base import BaseGroup
from lintel.settings._types import BlankIsUnset, StringList

QUEUE = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
SCHEMES = frozenset({"redis", "rediss", "amqp", "amqps"})


class JobsSettings(BaseGroup):
    """Who does background jobs, and how."""

    jobs_embedded_worker: bool = Field(
        default=True,
        description="Do jobs in the server processes, beside requests. Off where `worker` processes do them.",
    )
    jobs_broker_url: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None,
        description="redis://… or amqp://… (RabbitMQ) of a broker that hands jobs out. Unset: the database does.",
    )
    jobs_concurrency: int = Field(default=10, ge=1, le=1_000, description="Jobs that one worker does at once.")
    jobs_queues: StringList = Field(
        default=(),
        description="The queues whose jobs this process does, such as `default, videos`. Empty: all. "
        "A queue that no process names waits.",
    )
    jobs_lease_seconds: float = Field(
        default=30.0,
        ge=1,
        le=3_600,
        description="Seconds after which the jobs of a worker that died are done by another.",
    )
    jobs_poll_seconds: float = Field(
        default=1.0,
        ge=0.05,
        le=60,
        description="Seconds after which workers look for jobs that nobody told them of.",
    )
    jobs_retention_days: int = Field(
        default=30, ge=1, le=3_650, description="Days after which jobs that are over are deleted."
    )

    @field_validator("jobs_queues")
    @classmethod
    def _names_of_queues(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(QUEUE.fullmatch(name) for name in value):
            raise ValueError("must be names of queues: 1 to 64 of a-z, 0-9, dot, dash and underscore, a letter first")
        return value

    @field_validator("jobs_broker_url")
    @classmethod
    def _readable_broker_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_broker_url(value.get_secret_value()):
            # Its text holds a password.
            raise ValueError("must be redis://…, rediss://…, amqp://user:password@host:port/vhost or amqps://…")
        return value


def _is_broker_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in SCHEMES and bool(url.hostname) and url.port != 0
    except ValueError:  # a port that is no number, a bracket that does not close
        return False
