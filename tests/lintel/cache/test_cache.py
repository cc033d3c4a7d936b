import pytest
from prometheus_client import CollectorRegistry

from lintel.cache import Cache, CacheKey, MemoryStore, StoreUnavailable
from lintel.observability import CacheMetrics

pytestmark = pytest.mark.anyio

KEY = CacheKey.public("words", 1)
HOUR = 3_600.0


async def load() -> list[int]:
    return [1]


class Away(MemoryStore):
    async def get_many(self, keys: object) -> list[str | None]:
        raise StoreUnavailable


class TestOff:
    async def test_the_function_simply_runs(self) -> None:
        cache, value = Cache(None, namespace="Words"), object()

        async def anything() -> object:
            return value

        async with cache.opened():
            assert not cache.enabled
            assert await cache.get_or_load(KEY, anything, ttl=HOUR) is value
            await cache.set(KEY, 1, ttl=HOUR)
            await cache.invalidate("words")
            await cache.clear()
            await cache.delete(KEY)
            assert await cache.get(KEY) is None


class TestMetrics:
    async def test_count_what_became_of_each_question_by_name(self) -> None:
        registry = CollectorRegistry()
        metrics = CacheMetrics(registry)
        for store in (MemoryStore(), Away()):
            cache = Cache(store, namespace="Words")
            cache.metrics = metrics
            for number in (1, 1, 2):
                await cache.get_or_load(CacheKey.public("words", number), load, ttl=HOUR)
        counted = {
            event: registry.get_sample_value("cache_events_total", {"cache": "words", "event": event})
            for event in ("hit", "miss", "load", "error")
        }
        assert counted == {"hit": 1, "miss": 2, "load": 5, "error": 3}
