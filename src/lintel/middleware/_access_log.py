"""One record a request."""

import time
from collections.abc import Awaitable
from functools import cached_property

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from lintel.routing import effective_path

MAX_PATH = 2_048
SERVER_ERROR = 500
CLIENT_CLOSED = 499
"""Logged, never sent: the client went away before there was an answer (nginx's convention)."""


class AccessLogMiddleware:
    """Logs method, path, route, status, duration, size and client of each request, once, when it is over.

    The path is the one on the wire, percent-encoded, so that it cannot break a line; the query string may hold
    secrets and is left out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    @cached_property
    def _log(self) -> FilteringBoundLogger:
        # Looked up with the first record, after logging was set up; the lazy logger would be asked for each.
        logger: FilteringBoundLogger = structlog.get_logger("lintel.access").bind()
        return logger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        method, path = scope["method"], wire_path(scope)
        status, size = CLIENT_CLOSED, 0

        def send_and_count(message: Message) -> Awaitable[None]:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                size += len(message.get("body", b""))
            return send(message)

        try:
            await self.app(scope, receive, send_and_count)
        finally:
            client = scope.get("client")
            log = self._log.error if status >= SERVER_ERROR else self._log.info
            log(
                "request",
                method=method,
                path=path,
                route=effective_path(scope),
                status=status,
                duration_ms=round((time.perf_counter() - started) * 1_000, 3),
                bytes=size,
                client=client[0] if client else None,
            )


def wire_path(scope: Scope) -> str:
    """The path as it was sent, without the query, of a bounded length."""
    raw: bytes | None = scope.get("raw_path")
    path = raw.decode("ascii", "backslashreplace") if raw is not None else ascii(scope["path"])[1:-1]
    return path if len(path) <= MAX_PATH else f"{path[:MAX_PATH]}…"
