"""Tells workers of news as soon as it is committed. Whoever misses it finds it by polling: the rows are the truth."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from lintel.db import Session, on_commit
from lintel.pubsub import Message, PubSub

CHANNEL = "jobs"
"""Between processes: `{"due": true}`, `{"cancel": "<id>"}`."""
_KEY = "lintel.jobs.news"


class Listener(Protocol):
    """Somebody who works on jobs."""

    def jobs_due(self, job_ids: Collection[UUID] = ()) -> None:
        """There may be something to do: these jobs, if this process has just committed them."""
        ...

    def cancel_requested(self, job_id: UUID) -> None:
        """Somebody wants a running job to stop."""
        ...


class Signals:
    """Carries news to the listeners of this process, and to other processes where there is something to carry it.

    Args:
        pubsub: Also told of each job that belongs to somebody, on the channel `job:<id>`, for who follows it.
    """

    def __init__(self, pubsub: PubSub | None = None) -> None:
        self._pubsub = pubsub
        self._listeners: set[Listener] = set()
        self._sending: set[asyncio.Task[None]] = set()

    def after_commit(
        self,
        session: Session,
        *,
        due: Iterable[UUID] = (),
        cancelled: Iterable[UUID] = (),
        changed: Iterable[UUID] = (),
    ) -> None:
        """Tell of this once the session's unit of work is committed, and never if it is not.

        A job whose savepoint was undone is told of all the same: whoever looks finds nothing.
        """
        news: _News | None = session.info.get(_KEY)
        if news is None:
            news = session.info[_KEY] = _News()
            on_commit(session, partial(self._committed, session))
        news.due.extend(due)
        news.cancelled.update(cancelled)
        news.changed.update(changed)

    def tell(self, *, due: Collection[UUID] = (), cancelled: Iterable[UUID] = (), changed: Iterable[UUID] = ()) -> None:
        """Tell of what is committed already."""
        for listener in list(self._listeners):
            if due:
                listener.jobs_due(due)
            for job_id in cancelled:
                listener.cancel_requested(job_id)
        if self._pubsub is not None:  # one task for all: a worker may have much to tell at once
            news: list[tuple[str, Mapping[str, Any]]] = [(CHANNEL, {"due": True})] if due else []
            news += [(CHANNEL, {"cancel": str(job_id)}) for job_id in cancelled]
            news += [(f"job:{job_id}", {"job_id": str(job_id)}) for job_id in changed]
            self._send(self._pubsub, news)

    @asynccontextmanager
    async def heard_by(self, listener: Listener) -> AsyncIterator[None]:
        """A listener more, while the block runs."""
        self._listeners.add(listener)
        following = None if self._pubsub is None else asyncio.create_task(_follow(self._pubsub, listener))
        try:
            yield
        finally:
            self._listeners.discard(listener)
            if following is not None:
                following.cancel()
                await asyncio.wait([following])
            if self._sending:
                await asyncio.wait(self._sending)

    def _committed(self, session: Session) -> None:
        news: _News = session.info.pop(_KEY)
        self.tell(due=news.due, cancelled=news.cancelled, changed=news.changed)

    def _send(self, pubsub: PubSub, news: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        if news:
            task = asyncio.get_running_loop().create_task(_published(pubsub, news))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)


class _News:
    def __init__(self) -> None:
        self.due: list[UUID] = []
        self.cancelled: set[UUID] = set()
        self.changed: set[UUID] = set()


async def _published(pubsub: PubSub, news: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    for channel, message in news:
        await pubsub.publish(channel, message)


async def _follow(pubsub: PubSub, listener: Listener) -> None:
    async with pubsub.subscribe(CHANNEL) as news:
        async for message in news:
            if not isinstance(message, Message):
                listener.jobs_due()  # something was missed
            elif "cancel" in message.data:
                listener.cancel_requested(UUID(message.data["cancel"]))
            else:
                listener.jobs_due()
