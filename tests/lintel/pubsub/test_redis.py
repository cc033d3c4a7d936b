import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from structlog.typing import EventDict

from lintel.pubsub import RedisPubSub, Resync
from lintel.testing import RedisServer, redis_server
from lintel.testing._process import free_port
from lintel.testing._servers import _find_redis
from lintel.testing.conformance import PubSubConformance
from lintel.testing.conformance._pubsub import heard, heard_data

pytestmark = [pytest.mark.anyio, pytest.mark.services]


@pytest.fixture
def prefix() -> str:
    """Of an application that nobody else hears."""
    return f"Words {uuid4().hex}"


@pytest.fixture
async def pubsub(redis_url: str, prefix: str) -> AsyncIterator[RedisPubSub]:
    pubsub = RedisPubSub(redis_url, prefix=prefix)
    async with pubsub.opened():
        yield pubsub


@pytest.fixture
async def other(redis_url: str, prefix: str) -> AsyncIterator[RedisPubSub]:
    other = RedisPubSub(redis_url, prefix=prefix)
    async with other.opened():
        yield other


class TestConformance(PubSubConformance): ...


class TestSharing:
    async def test_applications_and_databases_do_not_hear_each_other(
        self, pubsub: RedisPubSub, redis_url: str, prefix: str
    ) -> None:
        another_database = f"{redis_url.rpartition('/')[0]}/1"
        strangers = [RedisPubSub(redis_url, prefix="Other"), RedisPubSub(another_database, prefix=prefix)]
        async with pubsub.subscribe("news") as subscription, strangers[0].opened(), strangers[1].opened():
            for stranger in strangers:
                await stranger.publish("news", {"from": "a stranger"})
            await pubsub.publish("news", {"from": "us"})
            assert await heard_data(subscription, 1) == [{"from": "us"}]

    async def test_what_others_send_on_our_channel_does_no_harm(
        self, pubsub: RedisPubSub, other: RedisPubSub, redis_url: str, prefix: str
    ) -> None:
        async with pubsub.subscribe("news") as subscription, Redis.from_url(redis_url) as redis:
            for line in (b"", b"\xff", b"a b news {", b"a b news " + b"[" * 100_000, b"a b c"):
                assert await redis.publish(f"{prefix}:0", line) == 2
            await other.publish("news", {"from": "us"})
            assert await heard_data(subscription, 1) == [{"from": "us"}]

    async def test_one_connection_listens_however_many_subscribers(self, redis_url: str, pubsub: RedisPubSub) -> None:
        async with Redis.from_url(redis_url) as redis:
            before = int((await redis.info("clients"))["connected_clients"])
            contexts = [pubsub.subscribe(f"job:{number}") for number in range(50)]
            for context in contexts:
                await context.__aenter__()
            assert int((await redis.info("clients"))["connected_clients"]) == before
            for context in contexts:
                await context.__aexit__(None, None, None)


class TestOutage:
    async def test_a_connection_that_was_cut_is_made_anew_and_told(
        self, pubsub: RedisPubSub, other: RedisPubSub, redis_url: str, log_records: list[EventDict]
    ) -> None:
        async with pubsub.subscribe("news") as mine, other.subscribe("news") as theirs:
            async with Redis.from_url(redis_url) as redis:
                await redis.client_kill_filter(_type="pubsub", skipme=True)
            assert (await heard(mine), await heard(theirs)) == (Resync(), Resync())
            await other.publish("news", {"number": 1})
            assert await heard_data(mine, 1) == [{"number": 1}]
        assert sorted(record["log_level"] for record in log_records) == ["error", "error", "warning", "warning"]

    async def test_killed_and_restarted(self, tmp_path: Path, log_records: list[EventDict]) -> None:
        program, port = _find_redis(), free_port()
        server = RedisServer._launch(program, tmp_path, port)
        pubsub, other = (RedisPubSub(f"redis://127.0.0.1:{port}/0", prefix="Words") for _ in range(2))
        try:
            async with pubsub.opened(), other.opened(), pubsub.subscribe("news") as subscription:
                os.kill(server.pid, signal.SIGKILL)
                await until(lambda: len(log_records) == 2)
                await pubsub.publish("news", {"heard": "here"})
                assert await heard_data(subscription, 1) == [{"heard": "here"}]
                await asyncio.to_thread(server.stop)
                server = await asyncio.to_thread(RedisServer._launch, program, tmp_path, port)
                assert await heard(subscription) == Resync()
                await until(lambda: len(log_records) == 4)
                await other.publish("news", {"heard": "there"})
                assert await heard_data(subscription, 1) == [{"heard": "there"}]
        finally:
            server.stop()
        assert sorted(record["log_level"] for record in log_records) == ["error", "error", "warning", "warning"]

    async def test_a_server_that_hangs_costs_one_deadline(self, log_records: list[EventDict]) -> None:
        with redis_server() as server:
            pubsub = RedisPubSub(server.url, prefix="Words", deadline=0.2)
            async with pubsub.opened():
                os.kill(server.pid, signal.SIGSTOP)
                try:
                    started = time.perf_counter()
                    for _ in range(100):
                        await pubsub.publish("news", {})
                    assert 0.2 <= time.perf_counter() - started < 2
                finally:
                    os.kill(server.pid, signal.SIGCONT)
                async with pubsub.subscribe("news") as subscription:
                    assert await heard(subscription) == Resync()
        assert [record["log_level"] for record in log_records] == ["error", "warning"]

    async def test_away_from_the_start_keeps_nobody_from_starting(self, log_records: list[EventDict]) -> None:
        pubsub = RedisPubSub("redis://ada:hunter2@127.0.0.1:1/0", prefix="Words")
        async with pubsub.opened(), pubsub.subscribe("news") as subscription:
            await pubsub.publish("news", {"number": 1})
            assert await heard_data(subscription, 1) == [{"number": 1}]
        assert len(log_records) == 1
        assert "hunter2" not in str(log_records)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for something."""
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - log records set no event
            await asyncio.sleep(0.01)
