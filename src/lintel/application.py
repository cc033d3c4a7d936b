"""The one place where a service is put together, in reading order."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Scope

from lintel.api import (
    Cursors,
    declare_conditional_requests,
    declare_idempotency,
    declare_lists,
    install_not_modified,
    install_replays,
)
from lintel.deprecation import (
    DEPRECATIONS_PATH,
    declare_deprecations,
    deprecations_page_route,
    install_deprecations,
)
from lintel.documentation import documentation_routes
from lintel.errors import declare_errors, install_error_handlers, problem_page_routes
from lintel.lifespan import Resource, lifespan_of
from lintel.middleware import wrap_in_middleware
from lintel.observability import METRICS_PATH, Metrics, metrics_port, metrics_router
from lintel.openapi import declare_headers, restore_nulls, share_examples
from lintel.ratelimit import (
    Caller,
    CostTable,
    Policy,
    RateLimit,
    RateLimiter,
    declare_rate_limits,
    default_policy,
    rate_limiter_of,
)
from lintel.realtime import Draining
from lintel.routing import check_routes_guarded, install_route_index
from lintel.settings import LintelSettings

DOCS_URL = "/docs"
REDOC_URL = "/redoc"
OPENAPI_URL = "/openapi.json"


def create_app(
    settings: LintelSettings,
    *,
    routers: Sequence[APIRouter],
    public_routes: Collection[str],
    authenticators: Collection[Callable[..., Any]],
    resources: Sequence[Resource] = (),
    middleware: Sequence[Middleware] = (),
    rate_limiter: RateLimiter | None = None,
    identify: Callable[[Scope], Caller | None] | None = None,
    rate_tiers: Mapping[str, Policy | None] | None = None,
    rate_policies: Mapping[str, Policy | None] | None = None,
    uncounted_paths: Collection[str] = (),
    draining: Draining | None = None,
    metrics_guard: Callable[..., Any] | None = None,
    openapi: Mapping[str, Any] | None = None,
    complete_openapi: Callable[[dict[str, Any]], None] | None = None,
) -> FastAPI:
    """A new application; it shares nothing with any other one in this process.

    Args:
        settings: Where everything that differs between deployments comes from.
        routers: What it serves.
        public_routes: What anybody may call, as `GET /health`; every other route must have an authenticator.
        authenticators: Dependencies that let only known callers through.
        resources: What it holds while it runs, opened in this order and closed in reverse.
        middleware: Layers of the service's own, within all of the library's.
        rate_limiter: Counts requests; the one that the settings describe unless the service shares its own.
        identify: Who is calling, where that is known without waiting, so that limits are counted for each user; None
            for whom only the address tells apart. What the sender claims must have been verified.
        rate_tiers: How often some kinds of callers may ask, instead of `RATE_LIMIT_PER_MINUTE`; None for any number.
        rate_policies: Policies that routes name (`lintel.ratelimit.costs`), beside that one; None for one that is
            switched off. With `RATE_LIMIT_PER_MINUTE=0` nothing is counted at all.
        uncounted_paths: Paths that no limit is for: those of probes.
        draining: What the service's streams end by; told by the server's protocols (`lintel.protocols`).
        metrics_guard: Dependency that lets administrators through to /metrics, where the settings leave it to them;
            without one it is not there.
        openapi: Further arguments of `FastAPI` for the document's head: `license_info`, `contact`, `openapi_tags`.
        complete_openapi: Called with the finished document, to add what no route can declare.

    Raises:
        lintel.ratelimit.UnknownPolicyError: A route counts under a policy that is not there.
        lintel.deprecation.SuccessorError: A deprecated route names a successor that is not there.
        lintel.routing.UnguardedRouteError: A route is open by accident.
    """
    limiter = rate_limiter or rate_limiter_of(settings)
    rate_limit = _rate_limit(
        settings,
        limiter,
        tiers=rate_tiers or {},
        policies=rate_policies or {},
        identify=identify,
        uncounted=[*uncounted_paths, METRICS_PATH],
    )
    metrics = Metrics() if settings.metrics_counted else None
    app = _Application(
        settings,
        complete_openapi,
        rate_limit,
        metrics,
        title=settings.app_name,
        version=settings.app_version,
        description=settings.app_description,
        openapi_url=OPENAPI_URL if settings.docs_enabled else None,
        lifespan=lifespan_of([limiter.opened, *_metrics_ports(settings, metrics), *resources]),
        middleware=list(middleware),
        **(openapi or {}),
    )
    app.state.cursors = Cursors(settings.secret_keys)
    app.state.draining = draining or Draining()
    install_error_handlers(app)
    install_replays(app)
    install_not_modified(app)
    app.router.routes.extend([*problem_page_routes(), deprecations_page_route()])
    for router in [*routers, *_metrics_routers(settings, metrics, metrics_guard)]:
        app.include_router(router)
    if settings.docs_enabled:
        app.router.routes.extend(
            documentation_routes(
                title=settings.app_name, openapi_url=OPENAPI_URL, docs_url=DOCS_URL, redoc_url=REDOC_URL
            )
        )
    install_deprecations(app)
    if rate_limit is not None:
        CostTable(app.routes, rate_limit.policies)  # looked at now, and not when the first request comes
    install_route_index(app.router)
    check_routes_guarded(app, public=[*public_routes, *_own_public_routes(settings)], authenticators=authenticators)
    return app


class _Application(FastAPI):
    """FastAPI within our layers, with our errors in its document."""

    def __init__(
        self,
        settings: LintelSettings,
        complete_openapi: Callable[[dict[str, Any]], None] | None,
        rate_limit: RateLimit | None,
        metrics: Metrics | None,
        **options: Any,
    ) -> None:
        self._settings = settings
        self._complete_openapi = complete_openapi
        self._rate_limit = rate_limit
        self._metrics = metrics
        super().__init__(
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            generate_unique_id_function=_operation_id,
            # Left alone, it starts tracing as soon as any library sets a global provider.
            telemetry={"tracing": False, "metrics": False, "logs": False},
            **options,
        )
        self.state.settings = settings
        self.state.metrics = metrics

    def build_middleware_stack(self) -> ASGIApp:
        """Our layers go around FastAPI's own, whose 500 and 413 would otherwise leave without them."""
        return wrap_in_middleware(
            super().build_middleware_stack(),
            self._settings,
            rate_limit=self._rate_limit,
            costs=None if self._rate_limit is None else CostTable(self.routes, self._rate_limit.policies),
            metrics=self._metrics,
        )

    def openapi(self) -> dict[str, Any]:
        """The document, with every error of every operation."""
        before = self.openapi_schema
        schema = super().openapi()
        if schema is not before:
            restore_nulls(schema)
            declare_errors(schema)
            declare_idempotency(schema)
            declare_conditional_requests(schema)
            if self._rate_limit is not None:
                declare_rate_limits(schema, uncounted=self._rate_limit.uncounted)
            declare_deprecations(schema, self.state.deprecations.values())
            share_examples(schema)
            declare_headers(schema)
            declare_lists(schema)
            if self._complete_openapi is not None:
                self._complete_openapi(schema)
        return schema


def _rate_limit(settings: LintelSettings, limiter: RateLimiter, **options: Any) -> RateLimit | None:
    policy = default_policy(settings)
    return RateLimit(limiter=limiter, policy=policy, **options) if policy else None


def _operation_id(route: APIRoute) -> str:
    """Function names make the best method names in generated clients."""
    return route.name


def _metrics_routers(
    settings: LintelSettings, metrics: Metrics | None, guard: Callable[..., Any] | None
) -> Iterator[APIRouter]:
    if metrics is not None and settings.metrics == "open":
        yield metrics_router(metrics, guard=None)
    if metrics is not None and settings.metrics == "admin" and guard is not None:
        yield metrics_router(metrics, guard=guard)


def _metrics_ports(settings: LintelSettings, metrics: Metrics | None) -> Iterator[Resource]:
    """Several processes cannot all listen there: their supervisor does (`lintel.server`)."""
    if metrics is not None and settings.metrics_port is not None and settings.workers == 1:
        yield metrics_port(metrics, host=settings.metrics_host, port=settings.metrics_port)


def _own_public_routes(settings: LintelSettings) -> list[str]:
    routes = ["GET /problems/{slug}", f"GET {DEPRECATIONS_PATH}"]
    if settings.metrics == "open":
        routes.append(f"GET {METRICS_PATH}")
    if settings.docs_enabled:
        routes += [f"GET {OPENAPI_URL}", f"GET {DOCS_URL}*", f"GET {REDOC_URL}*"]
    return routes
