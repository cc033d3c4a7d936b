"""PostgreSQL goes away, or has too few connections."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx2
import pytest

from lintel.testing import RunningServer
from tests.conftest import Saw
from tests.faults.conftest import StartFleet
from tests.faults.fleet import SECONDS, Client, Fleet, effects, stopped, until
from tests.process.sockets import ADMIN, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.services]
SMALL = {"DATABASE_POOL_SIZE": "5", "DATABASE_MAX_OVERFLOW": "0", "DATABASE_POOL_TIMEOUT": "0.5"}
CALLERS = 200


@pytest.fixture(scope="module")
def fleet(start_fleet: StartFleet, own_postgres: RunningServer) -> Fleet:
    """A server and a worker on a PostgreSQL server of their own, with few connections to it."""
    fleet = start_fleet(DATABASE_URL=own_postgres.url, JOBS_LEASE_SECONDS="5", **SMALL)
    fleet.serve()
    fleet.work()
    return fleet


@pytest.mark.fault(
    "200 requests at once on five connections to PostgreSQL",
    "all are answered; what gets no connection within `DATABASE_POOL_TIMEOUT` is refused with 503",
)
def test_more_requests_than_connections(fleet: Fleet, saw: Saw) -> None:
    [server] = fleet.servers[:1]
    headers = sign_in(server).headers
    unbounded = httpx2.Limits(max_connections=None)
    with (
        httpx2.Client(base_url=server.url, headers=headers, timeout=SECONDS, limits=unbounded) as client,
        ThreadPoolExecutor(CALLERS) as pool,
    ):
        answers = list(pool.map(lambda _: client.get("/api/v1/users/me"), range(CALLERS)))
        assert client.get("/api/v1/users/me").status_code == 200
    refused = [answer for answer in answers if answer.status_code != 200]
    assert all(answer.status_code == 503 and "retry-after" in answer.headers for answer in refused)
    saw(f"{CALLERS - len(refused)} answered, {len(refused)} refused with 503 and Retry-After; the next one answered")


@pytest.mark.fault(
    "`kill -9` of PostgreSQL during a batch; restarted later",
    "alive, not ready, 503 with Retry-After; everything goes on by itself when it is back",
)
def test_killed_during_a_batch(fleet: Fleet, client: Client, own_postgres: RunningServer, saw: Saw) -> None:
    batches = [client.submit(1_000)]
    client.wait_for(batches[0])
    own_postgres.kill()
    with fleet.servers[0].client() as probe:
        assert (probe.get("/health").status_code, probe.get("/ready").status_code) == (200, 503)
        for _ in range(5):
            assert client.ask("GET", "/users/me").status_code == 503
            assert (
                client.ask("POST", "/batches", json={"texts": ["a"], "analysis_type": "sentiment"}).status_code == 503
            )
        own_postgres.restart()
        back = until(lambda: probe.get("/ready").status_code == 200, "it is never ready again")
    batches.append(client.submit())
    client.wait_for_all(batches)
    assert client.is_content()
    assert fleet.stacks() == []
    saw(f"{effects(fleet, batches)}; ready {back:.1f} s after it was back; {client.summary()}")


@pytest.mark.fault(
    "PostgreSQL hangs (SIGSTOP) during a batch",
    "alive, not ready, 503 with Retry-After; a stream of events says nothing meanwhile, and goes on to the end",
)
def test_hangs_during_a_batch(fleet: Fleet, client: Client, own_postgres: RunningServer, saw: Saw) -> None:
    batch = client.submit(1_000)
    client.wait_for(batch)
    with ThreadPoolExecutor(1) as pool:
        events = pool.submit(client.follow, batch)
        with fleet.servers[0].client() as probe, stopped(own_postgres.pid):
            assert (probe.get("/health").status_code, probe.get("/ready").status_code) == (200, 503)
            for _ in range(2):
                assert client.ask("GET", "/users/me").status_code == 503
        client.wait_for_all([batch])
        told = events.result(SECONDS)
    assert told[-1]["status"] == "completed"
    assert client.is_content()
    assert fleet.stacks() == []
    refused = f"503 after {client.longest:.1f} s at the longest"
    saw(f"{effects(fleet, [batch])}; {refused}; one stream told of all of it, in {len(told)} events")


@pytest.mark.fault(
    "no PostgreSQL when the service starts",
    "it starts, is alive and not ready, refuses with 503, and is ready soon after the database is there",
)
def test_away_at_the_start(fleet: Fleet, own_postgres: RunningServer, saw: Saw) -> None:
    own_postgres.kill()
    server = fleet.serve(prepare=False)
    late = fleet.work()
    with server.client() as probe:
        form = {"username": ADMIN["FIRST_ADMIN_EMAIL"], "password": ADMIN["FIRST_ADMIN_PASSWORD"]}
        answer = probe.post("/api/v1/auth/login", data=form)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        assert (probe.get("/health").status_code, probe.get("/ready").status_code) == (200, 503)
        own_postgres.restart()
        back = until(lambda: probe.get("/ready").status_code == 200, "it is never ready")
    with closing(Client(server)) as client:
        assert fleet.workers[0].stop() == 0
        batches = [client.submit()]
        client.wait_for_all(batches)
    assert late.stop() == 0
    assert fleet.stacks() == []
    saw(f"ready {back:.1f} s after the database was there; then {effects(fleet, batches)}")
