import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.typing import EventDict

from lintel.cache import Cache, CacheKey, FailoverStore, MemoryStore, RedisStore, StoreUnavailable, everything
from lintel.testing import redis_server
from lintel.testing.conformance import CacheConformance

pytestmark = pytest.mark.anyio

HOUR = 3_600.0
NAMESPACE = "Words"
KEY = CacheKey.public("words")
GUARD = 0.5
"""Ten times what an outage may add to a request: a guard against hanging."""
CACHED_AGAIN = "values are cached again"


class Shared(MemoryStore):
    """The store of other processes too, which may be away for this one."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: Exception | None = None
        self.delay = 0.0
        self.asked = 0
        self.renewed: list[set[str]] = []

    async def get_many(self, keys: Sequence[str]) -> list[str | None]:
        await self._pass()
        return await super().get_many(keys)

    async def renew(self, keys: Collection[str]) -> None:
        await self._pass()
        self.renewed.append(set(keys))
        await super().renew(keys)

    async def _pass(self) -> None:
        self.asked += 1
        await asyncio.sleep(self.delay)
        if self.fault is not None:
            raise self.fault


class Answers:
    """A loader that answers with what is true now."""

    def __init__(self, value: object = "old") -> None:
        self.value = value
        self.calls = 0

    async def __call__(self) -> object:
        self.calls += 1
        return self.value


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.fixture
def store(shared: Shared) -> FailoverStore:
    return FailoverStore(shared, everything=everything(NAMESPACE), pause=0.05)


@pytest.fixture
async def cache(store: FailoverStore) -> AsyncIterator[Cache]:
    cache = Cache(store, namespace=NAMESPACE)
    async with cache.opened():
        yield cache


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


class TestConformance(CacheConformance): ...


class TestOutage:
    async def test_everything_is_loaded_and_no_request_waits(self, cache: Cache, shared: Shared) -> None:
        load = Answers()
        shared.delay = 60
        started = time.perf_counter()
        for _ in range(100):
            await cache.get_or_load(KEY, load, ttl=HOUR)
        await cache.invalidate("users")
        assert await cache.get(KEY) is None
        await cache.set(KEY, 1, ttl=HOUR)
        await cache.delete(KEY)
        assert time.perf_counter() - started < GUARD
        assert load.calls == 100

    async def test_it_is_logged_when_it_begins_and_when_it_is_over(
        self, cache: Cache, shared: Shared, log_records: list[EventDict]
    ) -> None:
        shared.delay = 60
        await asyncio.gather(*(cache.get_or_load(KEY, Answers(), ttl=HOUR) for _ in range(20)))
        shared.delay, shared.fault = 0, StoreUnavailable()
        asked = shared.asked
        await until(lambda: shared.asked > asked + 2)
        assert [(record["log_level"], record["reason"]) for record in log_records] == [("error", "timeout")]
        shared.fault = None
        await until(lambda: len(log_records) > 1)
        await asyncio.gather(*(cache.get_or_load(KEY, Answers(), ttl=HOUR) for _ in range(20)))
        assert [record["event"] for record in log_records[1:]] == [CACHED_AGAIN]

    async def test_a_bug_is_no_outage(self, cache: Cache, shared: Shared) -> None:
        shared.fault = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError):
            await cache.get_or_load(KEY, Answers(), ttl=HOUR)

    async def test_away_from_the_start_keeps_nobody_from_starting(
        self, shared: Shared, store: FailoverStore, log_records: list[EventDict]
    ) -> None:
        shared.fault = StoreUnavailable()
        cache, load = Cache(store, namespace=NAMESPACE), Answers()
        async with cache.opened():
            await cache.get_or_load(KEY, load, ttl=HOUR)
            shared.fault = None
            await until(lambda: [record["event"] for record in log_records[1:]] == [CACHED_AGAIN])
            for _ in range(2):
                await cache.get_or_load(KEY, load, ttl=HOUR)
        assert load.calls == 2


class TestChangesMeanwhile:
    """The hard part: what was committed while the store could not be told."""

    @pytest.mark.parametrize("slow", [True, False])
    async def test_are_told_before_the_store_is_used_again(self, cache: Cache, shared: Shared, *, slow: bool) -> None:
        other, load = Cache(shared, namespace=NAMESPACE), Answers("old")
        await cache.get_or_load(KEY, load, ttl=HOUR, depends_on=["users"])
        shared.delay, shared.fault = (60, None) if slow else (0, StoreUnavailable())
        load.value = "new"
        await cache.invalidate("users")
        assert await cache.get_or_load(KEY, load, ttl=HOUR, depends_on=["users"]) == "new"
        shared.delay, shared.fault = 0, None
        assert await cache.get_or_load(KEY, load, ttl=HOUR, depends_on=["users"]) == "new"
        await until(lambda: bool(shared.renewed))
        assert await other.get_or_load(KEY, load, ttl=HOUR, depends_on=["users"]) == "new"

    async def test_one_that_is_refused_once_more_stays_owed(self, cache: Cache, shared: Shared) -> None:
        shared.fault = StoreUnavailable()
        await cache.invalidate("users")
        asked = shared.asked
        await until(lambda: shared.asked > asked + 2)
        await cache.invalidate("words")
        shared.fault = None
        await until(lambda: bool(shared.renewed))
        names = {f"{NAMESPACE}:generation:users", f"{NAMESPACE}:generation:words"}
        assert shared.renewed == [names | {everything(NAMESPACE)}]

    async def test_after_a_short_wait_only_what_changed_is_forgotten(self, cache: Cache, shared: Shared) -> None:
        shared.delay = 60
        await cache.invalidate("users")
        shared.delay = 0
        await until(lambda: bool(shared.renewed))
        assert shared.renewed == [{f"{NAMESPACE}:generation:users"}]

    async def test_after_a_broken_connection_everything_is(self, cache: Cache, shared: Shared) -> None:
        """The server may have come back from an old copy of itself."""
        shared.fault = StoreUnavailable()
        await cache.get_or_load(KEY, Answers(), ttl=HOUR)
        shared.fault = None
        await until(lambda: bool(shared.renewed))
        assert shared.renewed == [{everything(NAMESPACE)}]

    async def test_too_many_to_remember_are_everything(self, cache: Cache, shared: Shared) -> None:
        shared.delay = 60
        for number in range(1_100):
            await cache.invalidate(f"user:{number}")
        shared.delay = 0
        await until(lambda: bool(shared.renewed))
        assert everything(NAMESPACE) in shared.renewed[0]
        assert len(shared.renewed[0]) <= 101

    async def test_are_told_at_the_end_at_the_latest(self, shared: Shared) -> None:
        store = FailoverStore(shared, everything=everything(NAMESPACE), pause=HOUR)
        cache = Cache(store, namespace=NAMESPACE)
        async with cache.opened():
            shared.delay = 60
            await cache.invalidate("users")
            shared.delay = 0
        assert shared.renewed == [{f"{NAMESPACE}:generation:users"}]

    async def test_a_caller_who_is_cancelled_has_told_all_the_same(self, shared: Shared) -> None:
        store = FailoverStore(shared, everything=everything(NAMESPACE), deadline=5)
        cache = Cache(store, namespace=NAMESPACE)
        shared.delay = 0.05
        telling = asyncio.create_task(cache.invalidate("users"))
        await until(lambda: shared.asked == 1)
        telling.cancel()
        await until(lambda: bool(shared.renewed))


@pytest.mark.services
class TestRedis:
    """Rows 94 and 95: slow, and killed and started anew, over real servers."""

    async def test_slow_adds_no_more_than_the_deadline_and_is_left_alone(self, log_records: list[EventDict]) -> None:
        load = Answers()
        with redis_server() as server:
            store = FailoverStore(RedisStore(server.url), everything=everything(NAMESPACE), pause=0.05)
            cache = Cache(store, namespace=NAMESPACE)
            async with cache.opened():
                await cache.get_or_load(KEY, load, ttl=HOUR, depends_on=["users"])
                os.kill(server.pid, signal.SIGSTOP)
                load.value = "new"
                started = time.perf_counter()
                await cache.invalidate("users")
                for _ in range(20):
                    assert await cache.get_or_load(KEY, load, ttl=HOUR, depends_on=["users"]) == "new"
                assert time.perf_counter() - started < GUARD
                os.kill(server.pid, signal.SIGCONT)
                await until(lambda: log_records[-1]["event"] == CACHED_AGAIN)
                assert await cache.get_or_load(KEY, load, ttl=HOUR, depends_on=["users"]) == "new"
        assert len(log_records) == 2

    async def test_killed_is_a_miss_and_when_it_is_back_it_is_used(self, log_records: list[EventDict]) -> None:
        load, servers = Answers(), Restarts()
        with redis_server() as server:
            servers.url = server.url
            store = FailoverStore(servers, everything=everything(NAMESPACE), pause=0.05)
            cache = Cache(store, namespace=NAMESPACE)
            async with cache.opened():
                await cache.get_or_load(KEY, load, ttl=HOUR)
                os.kill(server.pid, signal.SIGKILL)
                for _ in range(20):
                    await cache.get_or_load(KEY, load, ttl=HOUR)
                assert [record["log_level"] for record in log_records] == ["error"]
                assert load.calls == 21
                with redis_server() as successor:
                    servers.url = successor.url
                    await until(lambda: log_records[-1]["event"] == CACHED_AGAIN)
                    for _ in range(3):
                        await cache.get_or_load(KEY, load, ttl=HOUR)
        assert (load.calls, len(log_records)) == (22, 2)


class Restarts:
    """A store at an address that may change, as a name does when a server is replaced."""

    def __init__(self) -> None:
        self.url = ""
        self._stores: dict[str, RedisStore] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stores.setdefault(self.url, RedisStore(self.url)), name)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for store in self._stores.values():
                async with store.opened():
                    pass
