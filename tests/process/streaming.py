"""A service with one stream of events that never ends by itself: `python -m tests.process.streaming`."""

from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import text

from lintel import application
from lintel.db import Database
from lintel.observability import configure_logging
from lintel.pubsub import pubsub_of
from lintel.realtime import Draining, Follower, Snapshot
from lintel.routing import Router
from lintel.server import serve
from lintel.settings import LintelSettings, load_settings


def make() -> object:
    """The application, as a server process makes it."""
    settings = load_settings(LintelSettings, env_file=None)
    configure_logging(settings)
    database, pubsub, draining = Database(settings), pubsub_of(settings), Draining()
    follower = Follower.of(settings, pubsub=pubsub, draining=draining)
    router = Router()

    async def read() -> Snapshot:
        rows = await database.fetch_all(text("SELECT 1 AS number"))
        return Snapshot(rows[0], "1", is_final=False)

    async def still_allowed() -> bool:
        return True

    @router.get("/events", response_class=EventSourceResponse)
    async def events(request: Request) -> AsyncIterator[ServerSentEvent]:
        last = request.headers.get("last-event-id")
        async for event in follower.follow(
            read, channel="news", name="state", still_allowed=still_allowed, last_event_id=last
        ):
            yield event

    @router.get("/health")
    async def health() -> dict[str, int]:
        return {"checked_out": database.checked_out()}

    return application.create_app(
        settings,
        routers=[router],
        public_routes=["GET /events", "GET /health"],
        authenticators=[],
        resources=[database.opened, pubsub.opened],
        draining=draining,
    )


if __name__ == "__main__":
    configure_logging(load_settings(LintelSettings, env_file=None))
    serve("tests.process.streaming:make", load_settings(LintelSettings, env_file=None))
