"""Workers that are told by a broker what to do."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from structlog.typing import EventDict

from lintel.context import bind_request_id, unbind_request_id
from lintel.jobs import BrokeredWorker, JobStatus, JobTransport, announcing, transport_of
from lintel.jobs._claimer import Claimer
from tests.conftest import Saw
from tests.lintel.jobs.conftest import ON_POSTGRESQL, Note, Office, Paired

pytestmark = pytest.mark.anyio
LONG = 3_600.0
"""Patience that no test waits for: only the broker tells of jobs."""


class Carrier:
    """A transport whose messages a test can lose and double."""

    def __init__(self, *, copies: int = 1) -> None:
        self.copies = copies
        self.ids: asyncio.Queue[UUID] = asyncio.Queue()

    async def send(self, job_ids: Iterable[UUID]) -> None:
        for job_id in job_ids:
            for _ in range(self.copies):
                self.ids.put_nowait(job_id)

    async def received(self) -> AsyncGenerator[UUID, None]:
        while True:
            yield await self.ids.get()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


async def start(
    office: Office, transport: JobTransport, stack: AsyncExitStack, *, patience: float = LONG, **options: Any
) -> None:
    """A worker on a transport, and jobs announced on it."""
    await stack.enter_async_context(announcing(office.queue.signals, transport))
    brokered = BrokeredWorker(
        office.worker(**options), transport, concurrency=options.get("concurrency", 5), patience=patience
    )
    await stack.enter_async_context(brokered.running())


class TestBrokeredWorker:
    async def test_does_what_the_broker_tells_it(self, office: Office, stack: AsyncExitStack) -> None:
        await start(office, Carrier(), stack)
        for job_id in await office.add(Note(text="a"), Note(text="b")):
            await office.done(job_id)
        assert sorted(office.scribe.seen) == ["a", "b"]

    @pytest.mark.fault("a broker delivers every message three times", "each job is done once: its row is taken once")
    async def test_does_once_what_it_is_told_three_times(self, office: Office, stack: AsyncExitStack, saw: Saw) -> None:
        carrier = Carrier(copies=3)
        await start(office, carrier, stack)
        jobs = await office.add(*(Note(text=str(number)) for number in range(10)))
        for job_id in jobs:
            await office.done(job_id)
        await office.until(carrier.ids.empty)
        assert sorted(office.scribe.seen) == sorted(str(number) for number in range(10))
        saw(f"30 messages, {len(office.scribe.seen)} of 10 jobs done, each once")

    @pytest.mark.fault("a broker loses every message", "workers find jobs in the table that nobody told them of")
    async def test_finds_what_the_broker_lost(self, office: Office, stack: AsyncExitStack, saw: Saw) -> None:
        await start(office, Carrier(copies=0), stack, patience=0.1)
        row = await office.done(await office.add_one(Note(text="lost")))
        assert row.attempts == 1
        saw("no message, the job done in 1 attempt")

    async def test_takes_no_more_than_it_can_do(self, office: Office, stack: AsyncExitStack) -> None:
        carrier, scribe = Carrier(), office.scribe
        scribe.act = scribe.wait
        await start(office, carrier, stack, concurrency=2)
        jobs = await office.add(*(Note(text=str(number)) for number in range(5)))
        await office.until(lambda: len(scribe.seen) == 2)
        assert carrier.ids.qsize() >= 2
        scribe.open.set()
        for job_id in jobs:
            await office.done(job_id)

    async def test_with_room_for_one_finds_what_the_broker_lost(self, office: Office, stack: AsyncExitStack) -> None:
        await start(office, Carrier(copies=0), stack, patience=0.1, concurrency=1)
        for number in range(3):
            await office.done(await office.add_one(Note(text=str(number))))
        assert office.scribe.seen == ["0", "1", "2"]

    async def test_hands_back_what_is_not_done_when_it_stops(self, office: Office) -> None:
        scribe = office.scribe
        scribe.act = scribe.wait
        async with AsyncExitStack() as stack:
            await start(office, Carrier(), stack, grace=0.05)
            job_id = await office.add_one(Note(text="long"))
            await office.until(lambda: scribe.seen)
        row = await office.row(job_id)
        assert (row.status, row.attempts) == (JobStatus.PENDING, 0)

    async def test_drains_what_the_broker_lost_without_a_pause(self, office: Office, stack: AsyncExitStack) -> None:
        patience = 1.0
        jobs = await office.add(*(Note(text=str(number)) for number in range(60)))
        await asyncio.sleep(patience)
        await start(office, Carrier(copies=0), stack, patience=patience, concurrency=2)
        started = asyncio.get_running_loop().time()
        for job_id in jobs:
            await office.done(job_id)
        # Two at a look, and at least half the patience between two looks, took 15 seconds.
        assert asyncio.get_running_loop().time() - started < 10

    async def test_sends_the_next_of_a_key_when_one_ends(self, office: Office, stack: AsyncExitStack) -> None:
        carrier, scribe = Carrier(), office.scribe
        scribe.act = scribe.wait
        await start(office, carrier, stack)
        jobs = await office.add(*(Note(text=str(number)) for number in range(4)), concurrency_key="one")
        await office.until(lambda: scribe.seen and carrier.ids.empty())
        scribe.open.set()
        for job_id in jobs:
            await office.done(job_id)
        assert len(scribe.seen) == 4

    async def test_sends_as_many_of_a_key_as_may_run(self, office: Office, stack: AsyncExitStack) -> None:
        carrier, scribe = Carrier(), office.scribe
        scribe.act = scribe.wait
        await start(office, carrier, stack)
        jobs = await office.add(*(Paired(text=str(number)) for number in range(6)), concurrency_key="two")
        await office.until(lambda: len(scribe.seen) == 2 and carrier.ids.empty())
        scribe.open.set()
        for job_id in jobs:
            await office.done(job_id)

    async def test_does_not_look_for_jobs_of_full_keys(self, office: Office, stack: AsyncExitStack) -> None:
        scribe = office.scribe
        scribe.act = scribe.wait
        await office.add(*(Note(text="crowd") for _ in range(30)), concurrency_key="one", priority=5)
        await office.add(Note(text="behind"))
        await start(office, Carrier(copies=0), stack, patience=0.1, concurrency=3)
        await office.until(lambda: sorted(scribe.seen) == ["behind", "crowd"])

    @pytest.mark.parametrize("takes", ["claim_one", "claim"])
    async def test_hands_back_what_it_takes_while_it_stops(
        self, office: Office, monkeypatch: pytest.MonkeyPatch, takes: str
    ) -> None:
        claiming, may_claim = asyncio.Event(), asyncio.Event()
        taken = getattr(Claimer, takes)

        async def slowly(*arguments: Any, **options: Any) -> Any:
            claiming.set()
            await may_claim.wait()
            return await taken(*arguments, **options)

        monkeypatch.setattr(Claimer, takes, slowly)
        job_id = await office.add_one(Note())
        transport, stop = Carrier(), asyncio.Event()
        if takes == "claim_one":
            await transport.send([job_id])
        patience = LONG if takes == "claim_one" else 0.01
        worker = BrokeredWorker(office.worker(), transport, concurrency=1, patience=patience)
        running = asyncio.create_task(worker.run(stop))
        await claiming.wait()
        stop.set()
        await asyncio.sleep(0.1)
        may_claim.set()
        await running
        row = await office.row(job_id)
        assert (row.status, row.attempts, row.lease_owner) == (JobStatus.PENDING, 0, None)
        assert office.scribe.seen == []

    async def test_tells_of_an_outage_in_nobodys_name(self, office: Office, log_records: list[EventDict]) -> None:
        transport = transport_of("amqp://guest:guest@127.0.0.1:1/", name="jobs")
        token = bind_request_id("request-4711")
        async with announcing(office.queue.signals, transport):
            await office.add(Note())
        unbind_request_id(token)
        [record] = log_records
        assert record["event"].startswith("the broker of jobs does not answer")
        assert "request_id" not in record

    async def test_leaves_alone_ids_that_nobody_knows(self, office: Office, stack: AsyncExitStack) -> None:
        carrier = Carrier()
        await start(office, carrier, stack)
        await carrier.send([uuid4()])
        await office.done(await office.add_one(Note(text="after")))
        assert office.scribe.seen == ["after"]


@pytest.mark.services
@ON_POSTGRESQL
@pytest.mark.parametrize("broker", ["redis_url", "rabbitmq_url"])
async def test_two_workers_share_what_a_real_broker_carries(
    office: Office, stack: AsyncExitStack, broker: str, request: pytest.FixtureRequest
) -> None:
    transport = transport_of(request.getfixturevalue(broker), name=f"jobs-{uuid4().hex}")
    await start(office, transport, stack, patience=5)
    other = BrokeredWorker(office.worker(queue=office.deaf()), transport, concurrency=5, patience=5)
    await stack.enter_async_context(other.running())
    jobs = await office.add(*(Note(text=str(number)) for number in range(40)))
    assert {(await office.done(job_id)).attempts for job_id in jobs} == {1}
    assert sorted(office.scribe.seen) == sorted(str(number) for number in range(40))
