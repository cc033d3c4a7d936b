"""Every request is counted and timed."""

import time
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lintel.middleware._access_log import CLIENT_CLOSED
from lintel.observability import EndpointMetrics, HttpMetrics
from lintel.routing import ROUTE_LISTENER, effective_path


class MetricsMiddleware:
    """Counts requests by method, route and status, whatever becomes of them, and those in flight.

    Probes and the reading of the metrics count as well: they have labels of their own.
    """

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        flight = _Flight(self._metrics, scope["method"])
        scope[ROUTE_LISTENER] = flight.begin
        status = CLIENT_CLOSED

        def send_and_note(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            flight.end(scope, status, time.perf_counter() - started)


class _Flight:
    """A request as long as it lasts. Its method is the one that was sent, also where HEAD is answered like GET."""

    __slots__ = ("_endpoint", "_method", "_metrics")

    def __init__(self, metrics: HttpMetrics, method: str) -> None:
        self._metrics = metrics
        self._method = method
        self._endpoint: EndpointMetrics | None = None

    def begin(self, scope: Scope) -> None:
        self._endpoint = self._metrics.of(self._method, effective_path(scope))
        self._endpoint.in_flight.inc()

    def end(self, scope: Scope, status: int, seconds: float) -> None:
        endpoint = self._endpoint
        if endpoint is None:
            endpoint = self._metrics.of(self._method, effective_path(scope))
        else:
            endpoint.in_flight.dec()
        endpoint.count(status, seconds)
