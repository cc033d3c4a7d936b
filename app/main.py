"""The service, put together. `uvicorn app.main:app` works; so does `uvicorn --factory app.main:serving_app`."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.api.callers import authenticated, may_read_operations, signed_in
from app.api.identity import identifier
from app.api.openapi import completed, head
from app.api.sockets import socket_access
from app.api.v1.api import create_router, probe_paths, public_routes
from app.api.v1.endpoints import health, keys
from app.api.v2.api import create_router as create_router_v2
from app.core.config import Settings, get_settings
from app.core.limits import policies_of, tiers_of
from app.services.container import Services
from app.workers.worker import EMBEDDED_GRACE_SECONDS, announced, create_worker
from lintel import application
from lintel.memory import freeze_collector, return_large_blocks
from lintel.observability import CacheMetrics, configure_logging
from lintel.settings import SettingsError


def create_app(settings: Settings, *, services: Services | None = None) -> FastAPI:
    """A new application with these settings; several can live in one process.

    Args:
        settings: Everything that can be set.
        services: Others than those that the settings describe, for tests.
    """
    services = services or Services.of(settings)
    prefix = settings.api_v1_prefix

    @asynccontextmanager
    async def jobs() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(announced(services))
            if settings.jobs_embedded_worker:
                worker = create_worker(settings, services, app.state.metrics, grace=EMBEDDED_GRACE_SECONDS)
                await stack.enter_async_context(worker.running())
            yield

    app = application.create_app(
        settings,
        routers=[health.router, keys.router, create_router(prefix), create_router_v2(settings.api_v2_prefix)],
        public_routes=public_routes(prefix),
        authenticators=[authenticated, signed_in, socket_access],
        resources=[
            services.database.opened,
            services.storage.opened,
            services.cache.opened,
            services.flags.opened,
            services.pubsub.opened,
            services.realtime.sockets.opened,
            services.mailer.opened,
            services.monitor.watching,
            services.idempotency.swept,
            jobs,
        ],
        draining=services.draining,
        rate_limiter=services.rate_limiter,
        identify=identifier(services.auth, services.api_keys),
        rate_tiers=tiers_of(settings),
        rate_policies=policies_of(settings),
        uncounted_paths=probe_paths(prefix),
        metrics_guard=may_read_operations,
        openapi=head(settings),
        complete_openapi=completed(prefix),
    )
    app.state.services = services
    app.state.health = services.monitor
    if app.state.metrics is not None:
        services.cache.metrics = CacheMetrics(app.state.metrics.registry)
    return app


def serving_app() -> FastAPI:
    """The application of a server process, with logging set up. Faulty settings end the process with one message."""
    return_large_blocks()
    try:
        settings = get_settings()
        configure_logging(settings)
        app = create_app(settings)
    except SettingsError as error:
        # A traceback would bury the message, and servers would print one.
        sys.exit(str(error))
    freeze_collector()
    return app


def __getattr__(name: str) -> Any:
    # Made when a server asks for it, not when the module is imported.
    if name == "app":
        return serving_app()
    raise AttributeError(name)
