"""Numbers about calls to others."""

from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Seconds."""


class OutgoingMetrics:
    """Calls by purpose and by what became of them.

    That is `2xx` to `5xx`, `refused`, `timeout`, `unavailable`, `too_large`, and `abandoned` by the caller.
    Purposes are constants of the program, so labels are bounded. Hosts are no label: senders choose them.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "outgoing_requests_total",
            "Calls to others and what became of them.",
            ("purpose", "outcome"),
            registry=registry,
        )
        self._durations = Histogram(
            "outgoing_request_duration_seconds",
            "Seconds from a call's start to the end of its answer.",
            ("purpose",),
            buckets=BUCKETS,
            registry=registry,
        )

    def count(self, purpose: str, outcome: str, seconds: float) -> None:
        """Count a call that is over."""
        self._calls.labels(purpose, outcome).inc()
        self._durations.labels(purpose).observe(seconds)
