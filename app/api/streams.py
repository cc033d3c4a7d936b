"""What endpoints that answer with a stream of events ask for, and what they are made of."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.sse import ServerSentEvent

from app.api.callers import AnalysesFollow, AuthServiceDep, JobsFollow
from app.api.deps import BatchServiceDep, JobId, JobServiceDep
from app.core.channels import JOB, job_channel, user_channel
from app.services.auth import AuthService
from lintel.api import PathId
from lintel.realtime import Follower, Snapshot
from lintel.security import Access, Principal

LastEventId = Annotated[
    str | None, Header(max_length=200, description="The id of the last event that you have, as browsers send it.")
]
"""What a reader has already, who comes again."""

Events = AsyncGenerator[ServerSentEvent, None]


class Following:
    """Begins streams of events for a caller who was let in."""

    def __init__(self, follower: Follower, auth: AuthService, last_event_id: str | None) -> None:
        self._follower = follower
        self._auth = auth
        self._last_event_id = last_event_id

    @asynccontextmanager
    async def begun(
        self,
        access: Access,
        look_at: Callable[[Principal, Any], Awaitable[Snapshot | None]],
        resource_id: object,
        *,
        channel: str,
        name: str,
    ) -> AsyncIterator[Events]:
        """The events of a resource, which are over when the block ends.

        Raises:
            TooManyRequests: The caller has as many streams as they may.
        """
        caller = access.principal
        with self._follower.places.taken_by(caller.id):
            events = self._follower.follow(
                partial(look_at, caller, resource_id),
                channel=channel,
                name=name,
                still_allowed=partial(self._auth.still_allowed, access),
                access_channel=user_channel(caller.id),
                last_event_id=self._last_event_id,
            )
            async with aclosing(events):
                yield events


async def get_following(request: Request, auth: AuthServiceDep, last_event_id: LastEventId = None) -> Following:
    """What begins streams of events."""
    return Following(request.app.state.services.follower, auth, last_event_id)


FollowingDep = Annotated[Following, Depends(get_following)]


async def job_events(
    job_id: JobId, access: JobsFollow, jobs: JobServiceDep, following: FollowingDep
) -> AsyncIterator[Events]:
    """The events of a job that the caller may see; asked before anything is sent, so that it can still be a 404."""
    await jobs.get_job(access.principal, job_id)
    async with following.begun(access, jobs.look_at, job_id, channel=job_channel(job_id), name="job") as events:
        yield events


async def batch_events(
    batch_id: PathId, access: AnalysesFollow, batches: BatchServiceDep, following: FollowingDep
) -> AsyncIterator[Events]:
    """The events of a batch of the caller, which changes when its job does."""
    batch = await batches.get_batch(access.principal, batch_id)
    channel = f"{JOB}{batch.job_id}"
    async with following.begun(access, batches.look_at, batch_id, channel=channel, name="batch") as events:
        yield events


def stream_of(
    followed: Callable[..., AsyncIterator[Events]],
) -> Callable[[Events], AsyncIterator[ServerSentEvent]]:
    """An endpoint that passes on the events of a dependency."""

    async def follow(events: Annotated[Events, Depends(followed)]) -> AsyncIterator[ServerSentEvent]:
        async for event in events:
            yield event

    return follow
