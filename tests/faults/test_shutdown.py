"""SIGTERM while everything is in use at once."""

import asyncio
import json
import threading
import time
from contextlib import AsyncExitStack, closing

import httpx2
import pytest

from tests.conftest import Saw
from tests.faults.conftest import StartFleet
from tests.faults.fleet import SECONDS, Client, Fleet, effects
from tests.process.sockets import sign_in

pytestmark = [pytest.mark.slow, pytest.mark.services, pytest.mark.anyio]
MANY = 10
BATCHES = 4
"""One after the other: more than can be read before the end."""


@pytest.fixture(scope="module")
def fleet(start_fleet: StartFleet) -> Fleet:
    """A server that does jobs beside requests."""
    graces = {"SHUTDOWN_GRACE_SECONDS": "5", "SHUTDOWN_DRAIN_SECONDS": "1"}
    fleet = start_fleet(**graces, WS_MAX_PER_USER="100", JOBS_EMBEDDED_WORKER="true", JOBS_CONCURRENCY="1")
    fleet.serve()
    return fleet


class Load:
    """Requests until the server says that it is about to stop, as a load balancer sends them; and streams."""

    def __init__(self, url: str, headers: dict[str, str], batch: int) -> None:
        self.answered = 0
        self.ends: list[str] = []
        self.broken: list[str] = []
        self._url, self._headers, self._batch = url, headers, batch
        self._begun = threading.Barrier(2 * MANY + 1)
        targets = [self._ask, self._follow]
        self._threads = [threading.Thread(target=target) for target in targets for _ in range(MANY)]

    def begin(self) -> None:
        """Returns when every thread has had an answer."""
        for thread in self._threads:
            thread.start()
        self._begun.wait(SECONDS)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(SECONDS)

    def _client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self._url, headers=self._headers, timeout=SECONDS)

    def _ask(self) -> None:
        try:
            with self._client() as client:
                self._count(client)
                self._begun.wait(SECONDS)
                while client.get("/ready").status_code == 200:
                    self._count(client)
        except httpx2.HTTPError as error:
            self.broken.append(repr(error))

    def _count(self, client: httpx2.Client) -> None:
        answer = client.get("/api/v1/users/me")
        if answer.status_code == 200:
            self.answered += 1
        else:
            self.broken.append(f"{answer.status_code} {answer.text}")

    def _follow(self) -> None:
        try:
            with self._client() as client, client.stream("GET", f"/api/v1/batches/{self._batch}/events") as stream:
                lines = stream.iter_lines()
                next(lines)
                self._begun.wait(SECONDS)
                data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
                self.ends.append(json.loads(data[-1]).get("reason", "completed"))
        except httpx2.HTTPError as error:
            self.broken.append(repr(error))


@pytest.mark.fault(
    "SIGTERM of a server with requests, streams, WebSockets and jobs under way",
    "requests are finished, streams told, WebSockets closed with 1001, jobs handed back; exit 0 within the grace",
)
async def test_under_load(fleet: Fleet, saw: Saw) -> None:
    server = fleet.servers[0]
    client, root = Client(server), sign_in(server)
    batches = [client.submit(1_000) for _ in range(BATCHES)]
    client.wait_for(batches[0])
    async with AsyncExitStack() as stack:
        stack.callback(client.close)
        sockets = [await stack.enter_async_context(root.connected()) for _ in range(MANY)]
        load = Load(server.url, root.headers, batches[-1])
        await asyncio.to_thread(load.begin)
        await asyncio.sleep(1)
        started = time.monotonic()
        ending = asyncio.ensure_future(asyncio.to_thread(server.stop))
        assert [await each.code() for each in sockets] == [1001] * MANY
        assert await ending == 0
        took = time.monotonic() - started
    await asyncio.to_thread(load.join)
    assert load.broken == []
    assert load.ends == ["shutdown"] * MANY
    jobs = await asyncio.to_thread(
        fleet.fetch, "SELECT status, lease_owner FROM jobs WHERE kind = 'batches.read' ORDER BY id"
    )
    assert {tuple(job) for job in jobs} <= {("pending", None), ("completed", None)}
    assert jobs[-1]["status"] == "pending"
    with closing(Client(await asyncio.to_thread(fleet.serve))) as successor:
        await asyncio.to_thread(successor.wait_for_all, batches)
    kept = await asyncio.to_thread(effects, fleet, batches)
    assert fleet.stacks() == []
    saw(
        f"exit 0 after {took:.1f} s; {MANY} WebSockets 1001, {MANY} streams told; {load.answered} requests answered,"
        f" none cut off; afterwards {kept}"
    )
