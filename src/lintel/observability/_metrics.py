"""Numbers about requests and the process, for Prometheus."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from lintel.observability._workers import shared_text
from lintel.settings import metrics_folder

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
OTHER_METHOD = "other"
UNMATCHED = "unmatched"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds. Finer below 5 ms than the client's own: most of our answers are there."""


class Metrics:
    """What one application counts. Two in one process share nothing, unless they share a folder with others.

    Attributes:
        registry: Further metrics of the same application belong here.
        http: Its requests.
        websockets: Its WebSockets.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # a series more for each set of labels, of which several processes know nothing
        self.registry = CollectorRegistry()
        self.http = HttpMetrics(self.registry)
        self.websockets = WebSocketMetrics(self.registry)
        ProcessCollector(registry=self.registry)

    def text(self) -> bytes:
        """All numbers in Prometheus' text format: those of all server processes, where there are several."""
        folder = metrics_folder()
        return generate_latest(self.registry) if folder is None else shared_text(folder)


class HttpMetrics:
    """Requests by method, route and status.

    Labels are bounded: methods by name or `other`, routes by template or `unmatched`. What belongs to a set of labels
    is looked up once and kept, as looking it up takes longer than counting.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "http_requests_total", "All requests.", ("method", "endpoint", "status"), registry=registry
        )
        self._durations = Histogram(
            "http_request_duration_seconds",
            "Seconds from the request's head to the end of its answer.",
            ("method", "endpoint"),
            buckets=BUCKETS,
            registry=registry,
        )
        self._active = Gauge(
            "http_active_requests",
            "Requests in flight, from when their route is known.",
            ("method", "endpoint"),
            multiprocess_mode="livesum",
            registry=registry,
        )
        self._endpoints: dict[tuple[str, str | None], EndpointMetrics] = {}

    def of(self, method: str, endpoint: str | None) -> "EndpointMetrics":
        """What belongs to one method of one endpoint: the template of a route, or None where none was found."""
        known = method if method in METHODS else OTHER_METHOD
        found = self._endpoints.get((known, endpoint))
        if found is None:
            labels = known, endpoint or UNMATCHED
            found = self._endpoints[known, endpoint] = EndpointMetrics(
                labels, self._requests, self._durations.labels(*labels), self._active.labels(*labels)
            )
        return found


class EndpointMetrics:
    """The numbers of one method of one endpoint.

    Attributes:
        in_flight: Requests that are being answered.
    """

    def __init__(self, labels: tuple[str, str], requests: Counter, durations: Histogram, in_flight: Gauge) -> None:
        self.in_flight = in_flight
        self._labels = labels
        self._requests = requests
        self._durations = durations
        self._by_status: dict[int, Counter] = {}

    def count(self, status: int, seconds: float) -> None:
        """Count a request that is over."""
        requests = self._by_status.get(status)
        if requests is None:
            requests = self._by_status[status] = self._requests.labels(*self._labels, status)
        requests.inc()
        self._durations.observe(seconds)


class WebSocketMetrics:
    """WebSockets by route."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._opened = Counter(
            "websocket_connections_total", "All WebSockets that were accepted.", ("endpoint",), registry=registry
        )
        self._open = Gauge(
            "websocket_connections_open",
            "WebSockets that are open.",
            ("endpoint",),
            multiprocess_mode="livesum",
            registry=registry,
        )

    def opened(self, endpoint: str | None) -> None:
        """Count one more."""
        self._opened.labels(endpoint or UNMATCHED).inc()
        self._open.labels(endpoint or UNMATCHED).inc()

    def closed(self, endpoint: str | None) -> None:
        """Count one less."""
        self._open.labels(endpoint or UNMATCHED).dec()
