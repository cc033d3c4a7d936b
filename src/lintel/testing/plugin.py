"""Fixtures for somebody's own test suite: `pytest_plugins = ["lintel.testing.plugin"]`."""

from collections.abc import Iterator

import pytest

from lintel.testing import _services

pytest.register_assert_rewrite("lintel.testing.conformance")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server, one for the whole run; see `lintel.testing.postgres_url`."""
    with _services.postgres_url() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis server, one for the whole run; see `lintel.testing.redis_url`."""
    with _services.redis_url() as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq_url() -> Iterator[str]:
    """The URL of a RabbitMQ server, one for the whole run; see `lintel.testing.rabbitmq_url`."""
    with _services.rabbitmq_url() as url:
        yield url


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """The `STORAGE_URL` of an S3 server, one for the whole run; see `lintel.testing.s3_url`."""
    with _services.s3_url() as url:
        yield url
