"""Numbers about rate limits."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter

from lintel.ratelimit import Charge, Decision


class RateLimitMetrics:
    """Requests that were refused (`refused`), and counted while the shared counters were away (`in_process`).

    Both are rare, so that a request within its limits costs nothing here. Names of policies are constants of the
    program, so labels are bounded.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._events = Counter(
            "rate_limit_events_total",
            "Requests refused by a rate limit, or counted in one process because the shared counters were away.",
            ("policy", "event"),
            registry=registry,
        )

    def count(self, charges: Sequence[Charge], decisions: Sequence[Decision]) -> None:
        """Count what became of one request under each of its policies."""
        for charge, decision in zip(charges, decisions, strict=True):
            if not decision.allowed:
                self._events.labels(charge.policy.name, "refused").inc()
            if not decision.is_shared:
                self._events.labels(charge.policy.name, "in_process").inc()
