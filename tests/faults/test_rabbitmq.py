"""RabbitMQ dies, and RabbitMQ hangs: rows are the truth, so that costs time and nothing else."""

import time

import pytest

from lintel.testing import RunningServer
from tests.conftest import Saw
from tests.faults.conftest import StartFleet
from tests.faults.fleet import Client, Fleet, effects, stopped, until

pytestmark = [pytest.mark.slow, pytest.mark.services]
BEGUN = 20.0
"""Seconds in which a batch must be begun whose id no broker carries: ten times what a worker waits."""
REQUEST = 5.0
"""Seconds that no request may take: far more than any does."""


@pytest.fixture(scope="module")
def fleet(start_fleet: StartFleet, own_rabbitmq: RunningServer) -> Fleet:
    """A server and two workers."""
    fleet = start_fleet(JOBS_BROKER_URL=own_rabbitmq.url, JOBS_LEASE_SECONDS="5", SHUTDOWN_GRACE_SECONDS="5")
    fleet.serve()
    for _ in range(2):
        fleet.work()
    return fleet


@pytest.mark.fault(
    "`kill -9` of RabbitMQ during batches; restarted later",
    "workers find jobs in the table, also those submitted meanwhile; it is used again when it is back",
)
def test_killed_during_batches(fleet: Fleet, client: Client, own_rabbitmq: RunningServer, saw: Saw) -> None:
    batches = [client.submit(), client.submit()]
    client.wait_for(batches[0])
    own_rabbitmq.kill()
    submitted = time.monotonic()
    batches.append(client.submit())
    client.wait_for(batches[-1])
    begun = time.monotonic() - submitted
    own_rabbitmq.restart()
    batches.append(client.submit())
    client.wait_for_all(batches)
    until(lambda: all("answers again" in worker.output for worker in fleet.workers), "nobody listens to it again")
    assert begun < BEGUN
    assert client.is_content()
    assert fleet.stacks() == []
    saw(f"{effects(fleet, batches)}; begun {begun:.1f} s after submission without a broker; {client.summary()}")


@pytest.mark.fault(
    "RabbitMQ hangs (SIGSTOP)",
    "no request waits for it; workers find jobs in the table, and end in time when told to",
)
def test_hangs(fleet: Fleet, client: Client, own_rabbitmq: RunningServer, saw: Saw) -> None:
    with stopped(own_rabbitmq.pid):
        newcomer = fleet.work()
        batches = [client.submit(), client.submit()]
        took = client.wait_for_all(batches)
        started = time.monotonic()
        assert [worker.stop() for worker in (newcomer, fleet.workers[0])] == [0, 0]
        ended = time.monotonic() - started
    batches.append(client.submit())
    client.wait_for_all(batches)
    assert client.longest < REQUEST
    assert client.is_content()
    assert fleet.stacks() == []
    saw(
        f"{effects(fleet, batches)}, the first two in {took:.1f} s while it hung; two workers, one"
        f" begun meanwhile, ended with 0 in {ended:.1f} s; {client.summary()}"
    )
