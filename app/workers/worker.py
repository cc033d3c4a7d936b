"""The worker of this service: in a server process beside requests, or as a process of its own."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from app.core.config import Settings
from app.jobs import SCHEDULES
from app.models import Schedule
from app.services.container import Services
from app.workers import audit, batches, exports, jobs, mails, sessions, tokens, users
from lintel.jobs import BrokeredWorker, Handlers, JobMetrics, Scheduler, Worker, announcing
from lintel.observability import Metrics, metrics_port

EMBEDDED_GRACE_SECONDS = 5.0
"""Requests have had their time to finish by then; what is not done is handed back."""


def create_handlers(services: Services) -> Handlers:
    """All handlers, on these services."""
    handlers = Handlers()
    for module in (audit, batches, exports, jobs, mails, sessions, tokens, users):
        module.bind(handlers, services)
    return handlers


def create_worker(
    settings: Settings, services: Services, metrics: Metrics | None, *, grace: float
) -> Worker | BrokeredWorker:
    """The worker that the settings describe; it does nothing yet.

    Args:
        settings: How many jobs at once, and the like.
        services: Do the work.
        metrics: Where it is counted, if it is.
        grace: Seconds that running jobs may go on once it stops.
    """
    worker = Worker(
        services.queue,
        create_handlers(services),
        concurrency=settings.jobs_concurrency,
        lease=settings.jobs_lease_seconds,
        poll=settings.jobs_poll_seconds,
        grace=grace,
        queues=settings.jobs_queues or None,
        scheduler=Scheduler(services.queue, Schedule, SCHEDULES),
        metrics=None if metrics is None else JobMetrics(metrics.registry),
    )
    if services.transport is None:
        return worker
    return BrokeredWorker(worker, services.transport, concurrency=settings.jobs_concurrency)


@asynccontextmanager
async def announced(services: Services) -> AsyncIterator[None]:
    """Tell the broker, where there is one, of the jobs that this process asks for while the block runs."""
    if services.transport is None:
        yield
        return
    async with announcing(services.queue.signals, services.transport):
        yield


async def run_worker(settings: Settings, services: Services) -> None:
    """Do jobs until SIGTERM or SIGINT, then finish or hand back what runs. Database and cache are open already."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics = Metrics() if settings.metrics_port is not None else None
    async with AsyncExitStack() as stack:
        for resource in (
            services.storage.opened,
            services.flags.opened,
            services.pubsub.opened,
            services.mailer.opened,
        ):
            await stack.enter_async_context(resource())
        await stack.enter_async_context(announced(services))
        if metrics is not None and settings.metrics_port is not None:
            port = metrics_port(metrics, host=settings.metrics_host, port=settings.metrics_port)
            await stack.enter_async_context(port())
        worker = create_worker(settings, services, metrics, grace=settings.shutdown_grace_seconds)
        await worker.run(stop)
