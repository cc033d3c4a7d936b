"""What the faults need: databases and processes of their own, and a place for what was seen."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from lintel.testing import (
    RunningServer,
    create_database,
    drop_database,
    own_server,
    postgres_server,
    rabbitmq_server,
    redis_server,
)
from tests.faults.fleet import Client, Fleet

StartFleet = Callable[..., Fleet]


@pytest.fixture(scope="module")
def start_fleet(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartFleet]:
    """Makes fleets, each on a PostgreSQL database of its own unless told of one; all end with the module's tests."""
    with ExitStack() as stack:

        def start(**settings: str) -> Fleet:
            if "DATABASE_URL" not in settings:
                server, name = request.getfixturevalue("postgres_url"), f"lintel_{uuid4().hex}"
                settings["DATABASE_URL"] = asyncio.run(create_database(server, name))
                stack.callback(lambda: asyncio.run(drop_database(server, name)))
            return Fleet(tmp_path_factory.mktemp("fleet"), stack, **settings)

        yield start


@pytest.fixture(scope="module")
def own_rabbitmq() -> Iterator[RunningServer]:
    """To be killed."""
    with own_server(rabbitmq_server) as server:
        yield server


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RunningServer]:
    """To be killed."""
    with own_server(redis_server) as server:
        yield server


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[RunningServer]:
    """To be killed."""
    with own_server(postgres_server) as server:
        yield server


@pytest.fixture
def client(fleet: Fleet) -> Iterator[Client]:
    """Somebody who uses the first server of the module's `fleet`."""
    client = Client(fleet.servers[0])
    yield client
    client.close()
