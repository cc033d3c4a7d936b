"""Ids of jobs over real brokers."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import cast
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from lintel.jobs._brokers import transport_of
from lintel.jobs._taskiq import SEND_DEADLINE, TaskiqTransport
from lintel.testing import redis_server

pytestmark = [pytest.mark.anyio, pytest.mark.services]
SECONDS = 20.0


@pytest.fixture(params=["redis_url", "rabbitmq_url"])
def url(request: pytest.FixtureRequest) -> str:
    named: str = request.getfixturevalue(request.param)
    return named


@pytest.fixture
async def transport(url: str) -> AsyncIterator[TaskiqTransport]:
    transport = transport_of(url, name=f"jobs-{uuid4().hex}")
    async with transport.opened():
        yield transport


async def taken(transport: TaskiqTransport, count: int) -> list[UUID]:
    """So many ids, as one worker gets them."""
    ids: list[UUID] = []
    async with asyncio.timeout(SECONDS), aclosing(transport.received()) as received:
        async for job_id in received:
            ids.append(job_id)
            if len(ids) == count:
                break
    return ids


class TestSend:
    async def test_reaches_a_worker_that_comes_later(self, transport: TaskiqTransport) -> None:
        ids = [uuid4() for _ in range(3)]
        await transport.send(ids)
        assert await taken(transport, 3) == ids

    async def test_reaches_one_of_several_workers(self, transport: TaskiqTransport) -> None:
        ids = [uuid4() for _ in range(20)]
        got: asyncio.Queue[UUID] = asyncio.Queue()

        async def work() -> None:
            async with aclosing(transport.received()) as received:
                async for job_id in received:
                    got.put_nowait(job_id)

        workers = [asyncio.create_task(work()) for _ in range(3)]
        await transport.send(ids)
        async with asyncio.timeout(SECONDS):
            taken = [await got.get() for _ in ids]
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)
        assert sorted(taken) == sorted(ids)
        assert got.empty()


# The same with RabbitMQ, which takes long to start, is in tests/faults/test_rabbitmq.py.
async def test_an_outage_holds_nobody_up_and_is_over_when_it_is() -> None:
    with redis_server() as server:
        transport, job_id = transport_of(server.url, name="jobs"), uuid4()
        async with transport.opened():
            await transport.send([uuid4()])
            assert len(await taken(transport, 1)) == 1
            os.kill(server.pid, signal.SIGSTOP)
            try:
                with capture_logs() as records:
                    started = time.monotonic()
                    for _ in range(2):
                        await transport.send([uuid4()])
                    assert time.monotonic() - started < 10 * SEND_DEADLINE
            finally:
                os.kill(server.pid, signal.SIGCONT)
            assert [record["log_level"] for record in records] == ["error"]
            async with asyncio.timeout(SECONDS):
                while transport.is_down:
                    await transport.send([job_id])
            async with asyncio.timeout(SECONDS), aclosing(transport.received()) as received:
                async for got in received:
                    if got == job_id:
                        break


async def test_what_is_no_id_is_passed_over(url: str) -> None:
    name, job_id = f"jobs-{uuid4().hex}", uuid4()
    transport = transport_of(url, name=name)
    async with transport.opened():
        await transport.send(cast("list[UUID]", ["nonsense"]))
        await transport.send([job_id])
        assert await taken(transport, 1) == [job_id]
