"""Which server a test run uses: the one it is told, else one of its own, else none and a clear word about it."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import NoReturn

import pytest

from lintel.testing._process import ServerUnavailable
from lintel.testing._rabbitmq import rabbitmq_server
from lintel.testing._s3 import s3_server
from lintel.testing._servers import RunningServer, postgres_server, redis_server

POSTGRES_VARIABLE = "TEST_DATABASE_URL"
REDIS_VARIABLE = "TEST_REDIS_URL"
RABBITMQ_VARIABLE = "TEST_RABBITMQ_URL"


@contextmanager
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server while the block runs.

    `TEST_DATABASE_URL` is used exactly as it stands. Without it a server of our own is started. Where that cannot be,
    the test is skipped, or fails where `CI` is `true`: a pipeline must not turn green by testing less.
    """
    with _service_url(POSTGRES_VARIABLE, postgres_server) as url:
        yield url


@contextmanager
def redis_url() -> Iterator[str]:
    """The URL of a Redis server while the block runs; `TEST_REDIS_URL`, as `postgres_url` says."""
    with _service_url(REDIS_VARIABLE, redis_server) as url:
        yield url


@contextmanager
def rabbitmq_url() -> Iterator[str]:
    """The URL of a RabbitMQ server while the block runs; `TEST_RABBITMQ_URL`, as `postgres_url` says."""
    with _service_url(RABBITMQ_VARIABLE, rabbitmq_server) as url:
        yield url


@contextmanager
def s3_url() -> Iterator[str]:
    """A `STORAGE_URL` of an S3 server of our own while the block runs; skipped or failed as `postgres_url` says."""
    with own_server(s3_server) as server:
        yield server.url


@contextmanager
def own_server(
    start: Callable[[], AbstractContextManager[RunningServer]], *, hint: str = ""
) -> Iterator[RunningServer]:
    """A server of our own while the block runs, for tests that kill it; skipped or failed as `postgres_url` says.

    Args:
        start: Such as `redis_server`.
        hint: What else could be done where it cannot be started.
    """
    with ExitStack() as stack:
        try:
            server = stack.enter_context(start())
        except ServerUnavailable as unavailable:
            _go_without(f"{unavailable} {hint}".strip())
        yield server


@contextmanager
def _service_url(variable: str, start: Callable[[], AbstractContextManager[RunningServer]]) -> Iterator[str]:
    named = os.environ.get(variable)
    if named:
        yield named
        return
    with own_server(start, hint=f"Install it, or name a server in {variable}.") as server:
        yield server.url


def _go_without(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
