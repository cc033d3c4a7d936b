"""Writes outcomes: all that wait are one statement, and while it runs the next ones gather."""

import asyncio
from collections.abc import Mapping
from uuid import UUID

import structlog

from lintel.errors import Unavailable
from lintel.jobs._errors import UNEXPECTED, UNEXPECTED_MESSAGE
from lintel.jobs._leaseholder import Leaseholder
from lintel.jobs._leases import Outcome
from lintel.jobs._models import JobStatus
from lintel.jobs._tried import tried

PAUSE = 0.2
"""Seconds between attempts while the database does not answer."""
MAX_PAUSE = 2.0

_log = structlog.get_logger("lintel.jobs")


class Finisher:
    """Takes outcomes of many attempts.

    Args:
        leaseholder: Writes them.
    """

    def __init__(self, leaseholder: Leaseholder) -> None:
        self._leaseholder = leaseholder
        self._waiting: list[tuple[Outcome, asyncio.Future[JobStatus | None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, outcome: Outcome) -> JobStatus | None:
        """Write an outcome, however long the database takes to answer again; None if the job was somebody else's."""
        written: asyncio.Future[JobStatus | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((outcome, written))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await written

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(0)  # what ends in this round of the loop goes along
                batch, self._waiting = self._waiting, []
                statuses = await self._write_batch([outcome for outcome, _ in batch])
                for outcome, written in batch:
                    if not written.done():
                        written.set_result(statuses.get(outcome.job))
        finally:
            self._writing = None

    async def _write_batch(self, outcomes: list[Outcome]) -> Mapping[UUID, JobStatus]:
        written = await tried("outcomes of jobs could not be kept", self._patiently(outcomes))
        if written is not None:
            return written
        alone: dict[UUID, JobStatus] = {}  # one of them cannot be kept: the others must not suffer for it
        for outcome in outcomes:
            alone.update(await self._write_alone(outcome))
        return alone

    async def _write_alone(self, outcome: Outcome) -> Mapping[UUID, JobStatus]:
        failed = Outcome(outcome.job, outcome.token, JobStatus.ERROR, code=UNEXPECTED, message=UNEXPECTED_MESSAGE)
        for attempt in (outcome, failed):  # a result may hold a text that the database does not know
            written = await tried("the outcome of a job could not be kept", self._patiently([attempt]))
            if written is not None:
                return written
        return {}

    async def _patiently(self, outcomes: list[Outcome]) -> Mapping[UUID, JobStatus]:
        pause = PAUSE
        while True:
            try:
                return await self._leaseholder.finish(outcomes)
            except Unavailable:  # the jobs are done; all that is left is to say so
                _log.warning("outcomes of jobs cannot be written yet", jobs=len(outcomes))
            await asyncio.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE)
