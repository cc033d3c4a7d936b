import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from lintel.cache import Cache, CacheKey, RedisStore, StoreUnavailable
from lintel.security import Principal
from lintel.testing.conformance import CacheConformance

pytestmark = [pytest.mark.anyio, pytest.mark.services]

HOUR = 3_600.0
ASKS = """
import asyncio, sys
from lintel.cache import Cache, CacheKey, RedisStore

async def main(url, namespace, log):
    cache = Cache(RedisStore(url), namespace=namespace)
    async def load():
        with open(log, "a") as file:
            file.write("load\\n")
        await asyncio.sleep(0.5)
        return ["word"]
    async with cache.opened():
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        key = CacheKey.public("words")
        found = await asyncio.gather(*(cache.get_or_load(key, load, ttl=60) for _ in range(20)))
    assert found == [["word"]] * 20, found

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisStore]:
    store = RedisStore(redis_url)
    async with store.opened():
        yield store


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """The server, asked directly."""
    async with Redis.from_url(redis_url) as redis:
        yield redis


@pytest.fixture
def namespace() -> str:
    return f"Words:{uuid4().hex}"


class TestConformance(CacheConformance): ...


class TestProcesses:
    async def test_of_three_processes_with_twenty_callers_each_one_loads(
        self, redis_url: str, namespace: str, tmp_path: Path
    ) -> None:
        log = tmp_path / "loads"
        pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
        arguments = [sys.executable, "-c", ASKS, redis_url, namespace, str(log)]
        processes = [await asyncio.create_subprocess_exec(*arguments, **pipes) for _ in range(3)]  # type: ignore[arg-type]
        async with asyncio.timeout(60):
            for process in processes:
                assert process.stdout
                assert await process.stdout.readline() == b"ready\n"
            await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
        assert [process.returncode for process in processes] == [0, 0, 0]
        assert log.read_text().splitlines() == ["load"]


class TestServer:
    async def test_what_lies_there_is_json_and_ends_by_itself(
        self, store: RedisStore, redis: Redis, namespace: str
    ) -> None:
        cache = Cache(store, namespace=namespace)

        async def load() -> object:
            return {"a": [1, None, "ü"]}

        await cache.get_or_load(CacheKey.personal("words", Principal(7), "x"), load, ttl=HOUR, depends_on=["users"])
        await cache.set(CacheKey.public("words"), [1], ttl=HOUR)
        keys = [key async for key in redis.scan_iter(match=f"{namespace}:*")]
        values = [json.loads(await redis.get(key) or b"") for key in keys if b":value:" in key]
        assert [value["value"] for value in values if value["value"] != [1]] == [{"a": [1, None, "ü"]}]
        assert len(values) == 2
        assert all([0 < await redis.pttl(key) <= (8 * 86_400_000) for key in keys])
        assert len(keys) == 4  # and two generations: of everything, and of users

    async def test_a_pickle_is_not_read(self, store: RedisStore, redis: Redis, namespace: str) -> None:
        cache, key = Cache(store, namespace=namespace), CacheKey.public("words")
        await redis.set(f"{namespace}:value:{key.text}", b"\x80\x04\x95cposix\nsystem\n.")
        await redis.rpush(f"{namespace}:generation:users", "a list")

        async def load() -> str:
            return "loaded"

        for depends_on in ((), ("users",)):
            assert await cache.get_or_load(key, load, ttl=HOUR, depends_on=depends_on) == "loaded"
        await cache.invalidate("users")
        assert await cache.get_or_load(key, load, ttl=HOUR, depends_on=["users"]) == "loaded"

    async def test_a_value_that_is_found_costs_one_round_trip(
        self, store: RedisStore, redis: Redis, namespace: str
    ) -> None:
        cache, key = Cache(store, namespace=namespace), CacheKey.public("words")

        async def load() -> str:
            return "loaded"

        await cache.get_or_load(key, load, ttl=HOUR, depends_on=["users", "user:1"])
        before = (await redis.info("commandstats"))["cmdstat_mget"]["calls"]
        await cache.get_or_load(key, load, ttl=HOUR, depends_on=["users", "user:1"])
        assert (await redis.info("commandstats"))["cmdstat_mget"]["calls"] == before + 1

    async def test_connections_are_bounded_and_closed_at_the_end(self, redis_url: str, redis: Redis) -> None:
        before = int((await redis.info("clients"))["connected_clients"])
        store = RedisStore(redis_url, max_connections=4)
        async with store.opened():
            await asyncio.gather(*(store.get_many(["x"]) for _ in range(40)))
            assert int((await redis.info("clients"))["connected_clients"]) <= before + 4
        await asyncio.sleep(0.1)  # the server hears of it a moment later
        assert int((await redis.info("clients"))["connected_clients"]) <= before

    async def test_a_connection_that_was_cut_is_made_anew(self, store: RedisStore, redis: Redis) -> None:
        await store.set(key := uuid4().hex, "text", ttl=HOUR)
        await redis.client_kill_filter(_type="normal", skipme=True)
        assert await store.get_many([key]) == ["text"]

    async def test_what_failed_says_no_address_and_no_password(self) -> None:
        store = RedisStore("redis://ada:hunter2@127.0.0.1:1/0")
        async with store.opened():
            for question in (
                store.get_many(["x"]),
                store.set("x", "", ttl=1),
                store.add("x", "", ttl=1),
                store.remove("x", ""),
                store.delete(["x"]),
                store.renew(["x"]),
            ):
                with pytest.raises(StoreUnavailable) as failed:
                    await question
                assert (str(failed.value), failed.value.__cause__) == ("", None)
