"""A worker that a broker tells what to do next."""

import asyncio
import random
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from lintel.jobs._beside import beside
from lintel.jobs._claimer import MAX_BATCH
from lintel.jobs._transport import JobTransport
from lintel.jobs._tried import tried
from lintel.jobs._worker import CLEAN_UP_SECONDS, Worker

PATIENCE_SECONDS = 2.0
"""After which a job is looked for whose id did not come: lost, meant for later, to be tried again, or of a worker that
has died."""

T = TypeVar("T")


class BrokeredWorker:
    """Does the jobs whose ids come in, and those that have waited for too long.

    So a broker that loses ids, doubles them or is away adds delay and nothing else: the row's lease says who does it.

    When a job with a concurrency key ends, the id of the next one is sent anew, for the message that told of it may
    have come while the key was full. `announcing` must run beside this worker for that.

    Args:
        worker: Does them.
        transport: Where ids come from.
        concurrency: How many at once; no more ids are taken from the broker than can be worked on.
        patience: Seconds for which a job is left to the broker.
    """

    def __init__(
        self, worker: Worker, transport: JobTransport, *, concurrency: int, patience: float = PATIENCE_SECONDS
    ) -> None:
        self._worker = worker
        self._transport = transport
        self._patience = patience
        self._slots = asyncio.Semaphore(concurrency)
        self._running: set[asyncio.Task[Any]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Take and do jobs until told to stop, then finish or hand back what runs."""
        async with self._worker.serving(on_key_free=self._key_freed):
            taking = [asyncio.create_task(work) for work in (self._listen(), self._look())]
            try:
                await stop.wait()
            finally:
                for task in taking:
                    task.cancel()
                await asyncio.wait(taking, timeout=CLEAN_UP_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLEAN_UP_SECONDS):
                while self._running:  # what is claimed only now is handed back
                    await asyncio.wait(self._running)

    def running(self) -> AbstractAsyncContextManager[None]:
        """The same beside something else, such as an API, while the block runs."""
        return beside(self.run)

    async def _listen(self) -> None:
        async with aclosing(self._transport.received()) as job_ids:
            while True:
                # There is room before an id is taken from the broker; it is not held while none comes, for those that
                # are looked for want it too.
                async with self._slots:
                    pass
                job_id = await anext(job_ids)
                await self._slots.acquire()
                self._start(self._run(job_id))

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._patience * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load
            is_full = True
            while is_full:
                # Not cancelled with the look: what is claimed by then must be begun, or handed back.
                is_full = await asyncio.shield(self._start(self._take(await self._room())))

    async def _room(self) -> int:
        """Places for jobs, taken from now on; waits until there is one."""
        await self._slots.acquire()
        number = 1
        while number < MAX_BATCH and not self._slots.locked():
            await self._slots.acquire()
            number += 1
        return number

    async def _take(self, number: int) -> bool:
        """Begin with what has waited for so many places; whether that was enough for all of them."""
        patience = timedelta(seconds=self._patience)
        begun = await tried("jobs could not be looked for", self._worker.take(number, patience=patience)) or []
        for _ in range(number - len(begun)):
            self._slots.release()
        for attempt in begun:
            attempt.add_done_callback(lambda _: self._slots.release())
            self._watch(attempt)
        return len(begun) == number

    async def _run(self, job_id: UUID) -> None:
        try:
            await tried("a job could not be taken", self._worker.run_job(job_id))
        finally:
            self._slots.release()

    def _key_freed(self, key: str) -> None:
        self._start(tried("the next job of a key could not be looked for", self._worker.tell_next_of(key)))

    def _start(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.create_task(work)
        self._watch(task)
        return task

    def _watch(self, task: asyncio.Task[Any]) -> None:
        self._running.add(task)
        task.add_done_callback(self._running.discard)
