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
    """

    def __init__(self) -> None:
        disable_created_metrics()  # a series more for each set of labels, of which several processes know nothing
        self.registry = CollectorRegistry()
        self.http = HttpMetrics(self.registry)
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
        self._finished: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._in_flight: dict[tuple[str, str], Gauge] = {}

    def count(self, method: str, endpoint: str | None, status: int, seconds: float) -> None:
        """Count a request that is over; `endpoint` is the template of its route, if one was found."""
        key = _known(method), endpoint or UNMATCHED, status
        found = self._finished.get(key)
        if found is None:
            found = self._finished[key] = self._requests.labels(*key), self._durations.labels(*key[:2])
        requests, durations = found
        requests.inc()
        durations.observe(seconds)

    def in_flight(self, method: str, endpoint: str | None) -> Gauge:
        """How many requests are being answered."""
        key = _known(method), endpoint or UNMATCHED
        found = self._in_flight.get(key)
        if found is None:
            found = self._in_flight[key] = self._active.labels(*key)
        return found


def _known(method: str) -> str:
    return method if method in METHODS else OTHER_METHOD
