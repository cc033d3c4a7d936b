"""A job as its handler sees it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from lintel.db import Session, on_commit
from lintel.jobs._claimer import ClaimedJob
from lintel.jobs._errors import LeaseLost
from lintel.jobs._leaseholder import Leaseholder, as_json
from lintel.jobs._leases import Outcome
from lintel.jobs._models import JobStatus


class RunningJob:
    """One attempt at a job.

    Attributes:
        id: The job.
        attempt: Which attempt this is, from 1.
        max_attempts: How many there are at most.
        owner_id: Whose job it is.
        request_id: Of the request that asked for it.
    """

    def __init__(self, claimed: ClaimedJob, leaseholder: Leaseholder, on_change: Callable[[], None]) -> None:
        self.id: UUID = claimed.id
        self.attempt = claimed.attempts
        self.max_attempts = claimed.max_attempts
        self.owner_id = claimed.owner_id
        self.request_id = claimed.request_id
        self._token = claimed.lease_token
        self._leaseholder = leaseholder
        self._on_change = on_change
        self._reached = claimed.progress
        self._is_completed = False
        self._has_news = False

    @property
    def reached(self) -> int:
        """The progress told last."""
        return self._reached

    @property
    def is_completed(self) -> bool:
        """Whether `complete` was committed."""
        return self._is_completed

    async def progress(self, percent: float) -> None:
        """Tell how far the job is, 0 to 100, as often as you like: it is written now and then, and never goes back.

        Also the place where a handler that seldom waits can be stopped.
        """
        reached = min(max(int(percent), 0), 100)
        if reached > self._reached:
            self._reached = reached
            self.changed()
        await asyncio.sleep(0)

    def changed(self) -> None:
        """Tell whoever follows the job that there is something new to see: it, or what was committed with its guard.

        They hear of it at once, and of what comes soon after that in a moment, together.
        """
        self._has_news = True
        self._on_change()

    def take_news(self) -> bool:
        """Whether something changed since this was last asked."""
        has_news, self._has_news = self._has_news, False
        return has_news

    async def guard(self, session: Session) -> None:
        """Make sure that the job is still ours until the unit of work ends, so that what it writes counts once only.

        Raises:
            LeaseLost: It is not. Let it pass: the unit is undone, and nothing is written.
        """
        await self._leaseholder.guard(session, self.id, self._token)

    async def complete(self, session: Session, result: Mapping[str, Any] | None = None) -> None:
        """Complete the job in the same unit of work as its effect, so that there is never one without the other.

        Raises:
            LeaseLost: It is not ours any more. Let it pass: the unit is undone.
        """
        outcome = Outcome(self.id, self._token, JobStatus.COMPLETED, as_json(result))
        if not await self._leaseholder.finish_within(session, [outcome]):
            raise LeaseLost
        on_commit(session, self._completed)

    def _completed(self) -> None:
        self._is_completed = True
