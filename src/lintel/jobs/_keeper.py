"""Keeps the leases of running jobs, all in one statement, and learns who is to stop."""

import asyncio
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from uuid import UUID

from lintel.jobs._execution import Execution, Stop
from lintel.jobs._leaseholder import Leaseholder
from lintel.jobs._signals import Signals
from lintel.jobs._tried import tried

BEATS = 3
"""In the time of one lease."""
NEWS_SECONDS = 0.2
"""Between two beats that tell of progress, and so between two messages about it."""
MAX_PAUSE = 1.0
"""Seconds until a beat that did not come through is tried again."""


class Keeper:
    """Beats for all running jobs of a worker: every third of a lease, sooner when there is something to tell or hear.

    Args:
        leaseholder: Writes.
        lease: Seconds.
        executions: What runs, at any moment.
        signals: Told of what has changed, once it is written.
    """

    def __init__(
        self, leaseholder: Leaseholder, *, lease: float, executions: Collection[Execution], signals: Signals
    ) -> None:
        self._signals = signals
        self._leaseholder = leaseholder
        self._lease = lease
        self._interval = lease / BEATS
        self._executions = executions
        self._last = 0.0
        self._due = time.monotonic() + self._interval
        self._changed = asyncio.Event()

    def hear(self) -> None:
        """Beat now: one of the jobs may have to stop."""
        self._ask(0.0)

    def tell(self) -> None:
        """Beat soon: there is progress to write, or something else to tell."""
        self._ask(self._last + NEWS_SECONDS)

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            await self._until_due()
            self._last = time.monotonic()
            self._due = self._last + self._interval  # before the beat: what is asked meanwhile is not forgotten
            if not await self._beat():
                self._ask(time.monotonic() + min(self._interval, MAX_PAUSE))

    def _ask(self, moment: float) -> None:
        self._due = min(self._due, moment)
        self._changed.set()

    async def _until_due(self) -> None:
        while (seconds := self._due - time.monotonic()) > 0:
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()

    async def _beat(self) -> bool:
        executions = list(self._executions)
        if not executions:
            return True
        started, changed = time.monotonic(), [execution for execution in executions if execution.running.take_news()]
        kept = await tried("leases of jobs could not be renewed", self._renewed(executions))
        if kept is None:  # no reason to stop anybody, until the lease is gone
            for execution in executions:
                if not execution.is_held:
                    execution.stop(Stop.LOST)
            for execution in changed:
                execution.running.changed()
            return False
        for execution in executions:
            self._note(execution, kept.get(execution.claimed.id), held_until=started + self._lease)
        # Of those that have ended meanwhile their end is told.
        self._signals.tell(
            changed=[one.claimed.id for one in changed if one.claimed.id in kept and one.claimed.is_followed]
        )
        return True

    async def _renewed(self, executions: Collection[Execution]) -> Mapping[UUID, bool]:
        async with asyncio.timeout(self._interval):
            return await self._leaseholder.beat([execution.beat() for execution in executions])

    def _note(self, execution: Execution, must_stop: bool | None, *, held_until: float) -> None:  # noqa: FBT001
        if must_stop is None:
            if not execution.running.is_completed:
                execution.stop(Stop.LOST)
            return
        execution.held_until = held_until
        if must_stop:
            execution.stop(Stop.CANCELLED)
