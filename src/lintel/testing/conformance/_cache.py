"""What every cache must do, whatever store it has."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel

from lintel.cache import Cache, CacheKey, CacheStore
from lintel.security import Principal

HOUR = 3_600.0
ADA = Principal(1)
BOB = Principal(2)


class Word(BaseModel):
    """Something to keep."""

    text: str
    seen_at: datetime
    length: int | None = None


class Loader:
    """Counts how often it is asked, and answers when it may.

    Attributes:
        value: What it answers: read when it is asked, given when it may.
        calls: How often it was asked.
    """

    def __init__(self, value: object = None) -> None:
        self.value = value
        self.calls = 0
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> object:
        self.calls += 1
        value = self.value
        self.asked.set()
        await self.may_answer.wait()
        if isinstance(value, Exception):
            raise value
        return value

    def hold(self) -> None:
        """Let it answer only when told to."""
        self.may_answer.clear()


class CacheConformance:
    """Subclass it with a fixture `store`; override `elapse` where time need not really pass."""

    pytestmark = pytest.mark.anyio

    async def elapse(self, seconds: float) -> None:
        """Let the cache see time pass."""
        await asyncio.sleep(seconds)

    @pytest.fixture
    def namespace(self) -> str:
        """Of an application that nobody else keeps anything for."""
        return f"Words:{uuid4().hex}"

    @pytest.fixture
    def cache(self, store: CacheStore, namespace: str) -> Cache:
        return Cache(store, namespace=namespace, patience=HOUR)

    @pytest.fixture
    def other(self, store: CacheStore, namespace: str) -> Cache:
        """The cache of another process, as far as one process can tell."""
        return Cache(store, namespace=namespace, patience=HOUR)

    @pytest.fixture
    def key(self) -> CacheKey:
        return CacheKey.public("words", "some")

    @pytest.mark.parametrize("value", [[], 0, "", False, {}, None, 1.5, "ü\u2028\x00", [{"a": [1, None]}], 2**60])
    async def test_what_was_loaded_is_found(self, cache: Cache, key: CacheKey, value: object) -> None:
        load = Loader(value)
        found = [await cache.get_or_load(key, load, ttl=HOUR) for _ in range(2)]
        assert (found, load.calls) == ([value, value], 1)
        assert [type(one) for one in found] == [type(value)] * 2

    async def test_none_is_no_answer_where_it_was_said_so(self, cache: Cache, key: CacheKey) -> None:
        load = Loader(None)
        assert [await cache.get_or_load(key, load, ttl=HOUR, keep_none=False) for _ in range(2)] == [None, None]
        assert load.calls == 2

    async def test_a_model_is_one_whether_found_or_loaded(self, cache: Cache, key: CacheKey) -> None:
        load = Loader([Word(text="ü", seen_at=datetime(2026, 11, 20, tzinfo=UTC))])
        for _ in range(2):
            assert await cache.get_or_load(key, load, ttl=HOUR, kind=list[Word]) == load.value
        assert load.calls == 1

    async def test_nobody_can_change_what_others_find(self, cache: Cache, key: CacheKey) -> None:
        load = Loader({"a": [1]})
        for _ in range(3):
            found: Any = await cache.get_or_load(key, load, ttl=HOUR)
            found["a"].append(2)
        assert await cache.get_or_load(key, load, ttl=HOUR) == {"a": [1]}

    async def test_what_json_cannot_hold_is_refused(self, cache: Cache, key: CacheKey) -> None:
        with pytest.raises(TypeError):
            await cache.get_or_load(key, Loader(object()), ttl=HOUR)

    async def test_it_ends_with_its_time(self, cache: Cache, key: CacheKey) -> None:
        load = Loader(1)
        await cache.get_or_load(key, load, ttl=0.2)
        await self.elapse(0.25)
        load.value = 2
        assert await cache.get_or_load(key, load, ttl=0.2) == 2

    async def test_a_change_ends_what_depends_on_it(self, cache: Cache, other: Cache, key: CacheKey) -> None:
        load = Loader(1)
        await cache.get_or_load(key, load, ttl=HOUR, depends_on=["users", "user:1"])
        load.value = 2
        await other.invalidate("user:1")
        assert await cache.get_or_load(key, load, ttl=HOUR, depends_on=["user:1", "users"]) == 2

    async def test_a_change_of_something_else_does_not(self, cache: Cache, key: CacheKey) -> None:
        load = Loader(1)
        await cache.get_or_load(key, load, ttl=HOUR, depends_on=["user:1"])
        await cache.invalidate("user:2", "user", "user:1:", "USER:1", "*")
        await cache.get_or_load(key, load, ttl=HOUR, depends_on=["user:1"])
        assert load.calls == 1

    async def test_clearing_ends_everything(self, cache: Cache, other: Cache, key: CacheKey) -> None:
        load = Loader(1)
        await cache.get_or_load(key, load, ttl=HOUR)
        await other.clear()
        await cache.get_or_load(key, load, ttl=HOUR)
        assert load.calls == 2

    async def test_a_slow_loader_does_not_put_the_old_value_back(
        self, cache: Cache, other: Cache, key: CacheKey
    ) -> None:
        """It reads, somebody commits a change and says so, and only then it writes."""
        slow = Loader("old")
        slow.hold()
        loading = asyncio.create_task(cache.get_or_load(key, slow, ttl=HOUR, depends_on=["users"]))
        await slow.asked.wait()
        await other.invalidate("users")
        slow.may_answer.set()
        assert await loading == "old"  # asked before the change
        for one in (cache, other):
            assert await one.get_or_load(key, Loader("new"), ttl=HOUR, depends_on=["users"]) == "new"

    async def test_nor_over_the_new_one(self, cache: Cache, other: Cache, key: CacheKey) -> None:
        slow = Loader("old")
        slow.hold()
        loading = asyncio.create_task(cache.get_or_load(key, slow, ttl=HOUR, depends_on=["users"]))
        await slow.asked.wait()
        await other.invalidate("users")
        assert await other.get_or_load(key, Loader("new"), ttl=HOUR, depends_on=["users"]) == "new"
        slow.may_answer.set()
        await loading
        assert await cache.get_or_load(key, Loader("new"), ttl=HOUR, depends_on=["users"]) == "new"

    async def test_nobody_waits_for_a_loader_that_began_before_their_change(self, cache: Cache, key: CacheKey) -> None:
        slow = Loader("old")
        slow.hold()
        loading = asyncio.create_task(cache.get_or_load(key, slow, ttl=HOUR, depends_on=["users"]))
        await slow.asked.wait()
        await cache.invalidate("users")
        assert await cache.get_or_load(key, Loader("new"), ttl=HOUR, depends_on=["users"]) == "new"
        slow.may_answer.set()
        await loading

    async def test_of_many_at_once_one_loads(self, cache: Cache, other: Cache, key: CacheKey) -> None:
        load = Loader([1])
        load.hold()
        asking = [one.get_or_load(key, load, ttl=HOUR) for one in (cache, other) for _ in range(20)]
        waiting = asyncio.gather(*asking)
        await load.asked.wait()
        await asyncio.sleep(0.05)
        load.may_answer.set()
        assert (await waiting, load.calls) == ([[1]] * 40, 1)

    async def test_a_fault_of_the_loader_reaches_all_who_wait_and_is_not_kept(
        self, cache: Cache, key: CacheKey
    ) -> None:
        load = Loader(LookupError("gone"))
        load.hold()
        waiting = [asyncio.create_task(cache.get_or_load(key, load, ttl=HOUR)) for _ in range(5)]
        await load.asked.wait()
        load.may_answer.set()
        faults = await asyncio.gather(*waiting, return_exceptions=True)
        assert ([type(fault) for fault in faults], load.calls) == ([LookupError] * 5, 1)
        assert await cache.get_or_load(key, Loader(1), ttl=HOUR) == 1

    async def test_a_dead_loader_does_not_hold_others_up(
        self, store: CacheStore, namespace: str, key: CacheKey
    ) -> None:
        caches = [Cache(store, namespace=namespace, patience=0.2) for _ in range(2)]
        dead = Loader("never")
        dead.hold()
        waiting = asyncio.create_task(caches[0].get_or_load(key, dead, ttl=HOUR))
        await dead.asked.wait()
        async with asyncio.timeout(10):
            for cache in caches:
                assert await cache.get_or_load(key, Loader("mine"), ttl=HOUR) == "mine"
        waiting.cancel()

    async def test_a_caller_who_leaves_does_not_take_the_others_along(self, cache: Cache, key: CacheKey) -> None:
        load = Loader(1)
        load.hold()
        first, second = (asyncio.create_task(cache.get_or_load(key, load, ttl=HOUR)) for _ in range(2))
        await load.asked.wait()
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.wait({first})
        load.may_answer.set()
        assert (await second, load.calls) == (1, 1)

    async def test_when_all_have_left_the_loading_ends_and_the_next_begins_anew(
        self, cache: Cache, other: Cache, key: CacheKey
    ) -> None:
        load = Loader(1)
        load.hold()
        alone = asyncio.create_task(cache.get_or_load(key, load, ttl=HOUR))
        await load.asked.wait()
        alone.cancel()
        await asyncio.wait({alone})
        async with asyncio.timeout(10):
            assert await other.get_or_load(key, Loader(2), ttl=HOUR) == 2

    async def test_nobody_finds_what_is_somebody_elses(self, cache: Cache) -> None:
        keys: list[CacheKey] = [
            CacheKey.personal("words", ADA, 1),
            CacheKey.personal("words", BOB, 1),
            CacheKey.public("words", 1),
            CacheKey.public("words", "1"),
            CacheKey.public("words", "user:1", 1),
            CacheKey.public("words", "a:b"),
            CacheKey.public("words", "a", "b"),
            CacheKey.public("words", "a" * 300),
            CacheKey.public("words", "a" * 301),
            CacheKey.public("other words", 1),
        ]
        for number, key in enumerate(keys):
            await cache.get_or_load(key, Loader(number), ttl=HOUR)
        found = [await cache.get_or_load(key, Loader("nobody's"), ttl=HOUR) for key in keys]
        assert found == list(range(len(keys)))

    async def test_applications_keep_their_values_apart(self, store: CacheStore, cache: Cache, key: CacheKey) -> None:
        stranger = Cache(store, namespace=f"Others:{uuid4().hex}")
        await cache.get_or_load(key, Loader(1), ttl=HOUR)
        assert await stranger.get_or_load(key, Loader(2), ttl=HOUR) == 2

    @pytest.mark.parametrize(
        "poison",
        [
            lambda _: "",
            lambda _: "17",
            lambda _: "not JSON",
            lambda text: text[:-2],
            lambda text: text.replace("Ada", '"'),
            lambda text: text.replace('"Ada"', "[7]"),
        ],
    )
    async def test_what_somebody_else_wrote_there_is_a_miss(
        self, cache: Cache, store: CacheStore, namespace: str, key: CacheKey, poison: Callable[[str], str]
    ) -> None:
        await cache.get_or_load(key, Loader("Ada"), ttl=HOUR, kind=str)
        place = f"{namespace}:value:{key.text}"
        [text] = await store.get_many([place])
        assert text is not None
        await store.set(place, poison(text), ttl=HOUR)
        load = Loader("Bob")
        for _ in range(2):
            assert await cache.get_or_load(key, load, ttl=HOUR, kind=str) == "Bob"
        assert load.calls == 1

    async def test_a_forgotten_generation_ends_what_depends_on_it(
        self, cache: Cache, store: CacheStore, namespace: str, key: CacheKey
    ) -> None:
        await cache.get_or_load(key, Loader("old"), ttl=HOUR, depends_on=["users"])
        await store.delete([f"{namespace}:generation:users"])
        assert await cache.get_or_load(key, Loader("new"), ttl=HOUR, depends_on=["users"]) == "new"

    async def test_where_replicas_lag_nothing_is_kept_shortly_after_a_change(
        self, store: CacheStore, namespace: str, key: CacheKey
    ) -> None:
        cache = Cache(store, namespace=namespace, settle=0.2)
        load = Loader("from a replica that has not heard of it")
        await cache.invalidate("users")
        await cache.get_or_load(key, load, ttl=HOUR, depends_on=["users"])
        await asyncio.sleep(0.25)
        load.value = "new"
        found = [await cache.get_or_load(key, load, ttl=HOUR, depends_on=["users"]) for _ in range(2)]
        assert (found, load.calls) == (["new", "new"], 2)

    async def test_values_can_be_put_read_and_forgotten(self, cache: Cache, key: CacheKey) -> None:
        assert await cache.get(key) is None
        await cache.set(key, [], ttl=HOUR)
        assert await cache.get(key) == []
        await cache.delete(key)
        assert await cache.get(key) is None

    async def test_only_one_of_many_adds(self, store: CacheStore, namespace: str) -> None:
        added = await asyncio.gather(*(store.add(namespace, f"text {n}", ttl=HOUR) for n in range(10)))
        assert added.count(True) == 1
        await store.remove(namespace, "somebody else's")
        assert not await store.add(namespace, "mine", ttl=HOUR)
        await store.remove(namespace, f"text {added.index(True)}")
        assert await store.add(namespace, "mine", ttl=HOUR)

    async def test_what_has_ended_can_be_added_again(self, store: CacheStore, namespace: str) -> None:
        assert await store.add(namespace, "first", ttl=0.1)
        await self.elapse(0.15)
        assert await store.add(namespace, "second", ttl=HOUR)
