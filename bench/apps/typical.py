"""The same endpoint under the layers that tutorials add up to."""

import logging
import logging.config
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from asgi_correlation_id import CorrelationIdMiddleware, correlation_id
from fastapi import FastAPI, Request, Response
from prometheus_fastapi_instrumentator import Instrumentator
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.util import get_remote_address
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from bench.apps.item import PATH, Item, read_item

CallNext = Callable[[Request], Awaitable[Response]]
ON = (
    "3 BaseHTTPMiddleware (timing, security headers, access log), CORS, GZip, asgi-correlation-id, "
    "prometheus-fastapi-instrumentator, structlog through logging, slowapi in memory"
)

_log = structlog.get_logger("access")


def create() -> FastAPI:
    """The application."""
    _configure_logging()
    app = FastAPI()
    limiter = Limiter(key_func=get_remote_address)
    app.state.limiter = limiter
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)  # type: ignore[arg-type]  # its own way

    @app.get(PATH)
    @limiter.limit("100000000/minute")
    async def read_limited(request: Request) -> Item:  # noqa: ARG001 - slowapi looks for it
        return await read_item()

    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(CORSMiddleware, allow_origins=["https://app.example.com"], allow_credentials=True)
    app.add_middleware(BaseHTTPMiddleware, dispatch=_time)
    app.add_middleware(BaseHTTPMiddleware, dispatch=_secure)
    app.add_middleware(BaseHTTPMiddleware, dispatch=_write_access_log)
    app.add_middleware(CorrelationIdMiddleware)
    Instrumentator().instrument(app).expose(app)
    return app


async def _time(request: Request, call_next: CallNext) -> Response:
    started = time.perf_counter()
    response = await call_next(request)
    response.headers["X-Process-Time"] = f"{time.perf_counter() - started:.6f}"
    return response


async def _secure(request: Request, call_next: CallNext) -> Response:
    response = await call_next(request)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Security-Policy"] = "default-src 'none'"
    return response


async def _write_access_log(request: Request, call_next: CallNext) -> Response:
    started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=correlation_id.get())
    response = await call_next(request)
    _log.info(
        "request",
        method=request.method,
        path=request.url.path,
        status=response.status_code,
        duration_ms=round((time.perf_counter() - started) * 1_000, 3),
        client=request.client.host if request.client else None,
    )
    return response


def _configure_logging() -> None:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    renderer = structlog.processors.JSONRenderer()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.INFO)
