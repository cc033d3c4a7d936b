"""Redis dies while it carries cache, rate limits, messages between processes and the ids of jobs."""

import pytest

from lintel.testing import RunningServer
from tests.conftest import Saw
from tests.faults.conftest import StartFleet
from tests.faults.fleet import Client, Fleet, effects, until

pytestmark = [pytest.mark.slow, pytest.mark.services]
MANY = "1000000"
"""A limit that is counted, in Redis, and that nobody reaches."""


@pytest.fixture(scope="module")
def fleet(start_fleet: StartFleet, own_redis: RunningServer) -> Fleet:
    """A server and two workers, with everything in Redis that can be."""
    url = own_redis.url
    fleet = start_fleet(
        REDIS_URL=url,
        JOBS_BROKER_URL=url,
        JOBS_LEASE_SECONDS="5",
        RATE_LIMIT_PER_MINUTE=MANY,
        RATE_LIMIT_TEXTS_PER_MINUTE=MANY,
    )
    fleet.serve()
    for _ in range(2):
        fleet.work()
    return fleet


@pytest.mark.fault(
    "`kill -9` of Redis during batches; restarted later",
    "requests are counted and cached in the process meanwhile; workers find jobs in the table; not ready (503), alive",
)
def test_killed_during_batches(fleet: Fleet, client: Client, own_redis: RunningServer, saw: Saw) -> None:
    batches = [client.submit(), client.submit()]
    client.wait_for(batches[0])
    own_redis.kill()
    batches.append(client.submit())
    with fleet.servers[0].client() as probe:
        assert (probe.get("/health").status_code, probe.get("/ready").status_code) == (200, 503)
        client.wait_for(batches[-1])
        own_redis.restart()
        back = until(lambda: probe.get("/ready").status_code == 200, "it is never ready again")
    batches.append(client.submit())
    client.wait_for_all(batches)
    assert client.is_content()
    assert fleet.stacks() == []
    saw(f"{effects(fleet, batches)}; ready {back:.1f} s after Redis was back; {client.summary()}")
