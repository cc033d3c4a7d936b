"""Numbers about jobs, for Prometheus."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS = (0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600)
"""Seconds."""


class JobMetrics:
    """Attempts by kind and outcome, how long they take, and how many jobs wait or run.

    Args:
        registry: `Metrics.registry` of the application.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._attempts = Counter(
            "job_attempts_total", "Ended attempts at jobs, by how they ended.", ("kind", "outcome"), registry=registry
        )
        self._durations = Histogram(
            "job_duration_seconds",
            "Seconds that an attempt took, until its outcome was written.",
            ("kind",),
            buckets=BUCKETS,
            registry=registry,
        )
        self._depth = Gauge(
            "job_queue_depth",
            "Jobs in the table that wait or run.",
            ("queue", "status"),
            multiprocess_mode="mostrecent",
            registry=registry,
        )
        self._known: set[tuple[str, str]] = set()

    def count(self, kind: str, outcome: str, seconds: float) -> None:
        """Count an attempt that is over."""
        self._attempts.labels(kind, outcome).inc()
        self._durations.labels(kind).observe(seconds)

    def measure(self, depths: Iterable[tuple[str, str, int]]) -> None:
        """Tell how many jobs there are by queue and status; what is not named is 0 from now on."""
        found = {(queue, status): number for queue, status, number in depths}
        self._known |= found.keys()
        for labels in self._known:
            self._depth.labels(*labels).set(found.get(labels, 0))
