"""One worker cannot keep what it holds."""

import time
from contextlib import closing

import pytest

from tests.conftest import Saw
from tests.faults.conftest import StartFleet
from tests.faults.fleet import Client, effects, until
from tests.faults.relay import Relay

pytestmark = [pytest.mark.slow, pytest.mark.services]
AWAY = 10.0
"""Seconds in which a worker reaches no database: more than three leases."""
LEASE = "3"


@pytest.mark.fault(
    "a worker reaches no database for ten seconds, three leases long",
    "another takes its job; what the first one still does has no effect; it works on when it can",
)
def test_leases_that_cannot_be_renewed(start_fleet: StartFleet, saw: Saw) -> None:
    fleet = start_fleet(JOBS_LEASE_SECONDS=LEASE, JOBS_POLL_SECONDS="0.2")
    with closing(Client(fleet.serve())) as client, Relay.to(fleet.settings["DATABASE_URL"]) as relay:
        cut_off = fleet.work(DATABASE_URL=relay.url)
        batches = [client.submit(600)]
        # Not until something was read: a quick machine would be through before it is cut off.
        until(lambda: fleet.fetch("SELECT 1 FROM jobs WHERE attempts = 1"), "nobody takes it")
        relay.is_silent = True
        silent = time.monotonic()
        other = fleet.work()
        until(lambda: fleet.fetch("SELECT 1 FROM jobs WHERE attempts = 2"), "nobody else takes it")
        taken = time.monotonic() - silent
        time.sleep(max(0.0, AWAY - taken))
        relay.is_silent = False
        client.wait_for_all(batches)
        assert other.stop() == 0
        batches.append(client.submit(50))  # for the first, which is alone again
        client.wait_for_all(batches)
        assert cut_off.stop() == 0
    assert '"outcome":"lost"' in cut_off.output
    assert client.is_content()
    assert fleet.stacks() == []
    saw(f"{effects(fleet, batches)}; taken by another {taken:.1f} s after the silence began; the first one lost it")
