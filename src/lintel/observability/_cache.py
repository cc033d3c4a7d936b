"""Numbers about caches."""

from prometheus_client import CollectorRegistry, Counter


class CacheMetrics:
    """What became of questions to a cache: `hit`, `miss`, `load` (the answer was made) and `error` (it was away).

    The names of caches are constants of the program, so labels are bounded.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._events = Counter(
            "cache_events_total", "Questions to caches and what became of them.", ("cache", "event"), registry=registry
        )
        self._known: dict[tuple[str, str], Counter] = {}

    def count(self, cache: str, event: str) -> None:
        """Count one event of a cache."""
        found = self._known.get((cache, event))
        if found is None:
            found = self._known[cache, event] = self._events.labels(cache, event)
        found.inc()
