import pytest

from lintel.cache import Cache, CacheKey, MemoryStore
from lintel.testing.conformance import CacheConformance

pytestmark = pytest.mark.anyio

HOUR = 3_600.0


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


class TestConformance(CacheConformance): ...


class TestBound:
    async def test_memory_is_bounded_and_the_oldest_go_first(self) -> None:
        store = MemoryStore(max_bytes=100_000)
        for number in range(1_000):
            await store.set(f"key {number}", "x" * 1_000, ttl=HOUR)
            await store.get_many(["key 0"])  # asked for all the time
            assert store.weight <= 100_000
        assert 60 < store.weight // 1_400 < 80
        assert (await store.get_many(["key 0", "key 1", "key 999"])) == ["x" * 1_000, None, "x" * 1_000]

    async def test_what_is_replaced_ended_or_forgotten_weighs_nothing(self) -> None:
        store = MemoryStore()
        for length in (1_000, 10, 500):
            await store.set("key", "x" * length, ttl=HOUR)
        assert store.weight < 1_000
        await store.delete(["key", "none"])
        await store.set("key", "x", ttl=-1)
        await store.get_many(["key"])
        assert store.weight == 0

    async def test_what_does_not_fit_at_all_is_not_kept(self) -> None:
        store = MemoryStore(max_bytes=1_000)
        await store.set("key", "x" * 1_001, ttl=HOUR)
        assert (await store.get_many(["key"]), store.weight) == ([None], 0)

    async def test_a_huge_value_is_answered_but_not_kept(self, store: MemoryStore) -> None:
        cache, calls = Cache(store, namespace="Words"), []

        async def load() -> str:
            calls.append(1)
            return "x" * 1_100_000

        for _ in range(2):
            assert len(await cache.get_or_load(CacheKey.public("words"), load, ttl=HOUR)) == 1_100_000
        assert len(calls) == 2
