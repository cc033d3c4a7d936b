import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from lintel.ratelimit import Charge, CountersUnavailable, Policy, RedisRateLimiter
from lintel.testing.conformance import RateLimiterConformance

pytestmark = [pytest.mark.anyio, pytest.mark.services]

POLICY = Policy("default", limit=100, window=60)


@pytest.fixture
def prefix() -> str:
    """Of an application that nobody else counts for."""
    return f"Words {uuid4().hex}"


@pytest.fixture
async def limiter(redis_url: str, prefix: str) -> AsyncIterator[RedisRateLimiter]:
    limiter = RedisRateLimiter(redis_url, prefix=prefix)
    async with limiter.opened():
        yield limiter


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """The server, asked directly."""
    async with Redis.from_url(redis_url) as redis:
        yield redis


class TestConformance(RateLimiterConformance): ...


class TestSharing:
    async def test_processes_of_one_application_count_together(
        self, limiter: RedisRateLimiter, redis_url: str, prefix: str
    ) -> None:
        other = RedisRateLimiter(redis_url, prefix=prefix)
        async with other.opened():
            remaining = [(await one.hit(POLICY, "ada")).remaining for one in (limiter, other, limiter)]
        assert remaining == [99, 98, 97]

    async def test_two_applications_count_apart(self, limiter: RedisRateLimiter, redis_url: str) -> None:
        other = RedisRateLimiter(redis_url, prefix=f"Other {uuid4().hex}")
        async with other.opened():
            assert [(await one.hit(POLICY, "ada")).remaining for one in (limiter, other)] == [99, 99]


class TestReset:
    async def test_a_window_that_just_began_has_all_of_it_before_it(self, limiter: RedisRateLimiter) -> None:
        for _ in range(2):
            assert 50 < (await limiter.hit(POLICY, "ada")).reset_after <= 60


class TestServer:
    async def test_every_key_ends_by_itself(self, limiter: RedisRateLimiter, redis: Redis, prefix: str) -> None:
        await limiter.hit(Policy("default", limit=10, window=1), "ada")
        await asyncio.sleep(1.05)
        await limiter.hit(Policy("default", limit=10, window=1), "ada")  # there is a window before it now
        keys = [key async for key in redis.scan_iter(match=f"*{prefix}*")]
        assert len(keys) == 1
        assert all([0 < await redis.pttl(key) <= 2_000 for key in keys])

    async def test_however_many_policies_are_one_round_trip(self, limiter: RedisRateLimiter, redis: Redis) -> None:
        charges = [Charge(Policy(name, 100, 60), "ada") for name in ("default", "texts", "exports")]
        await limiter.hit_all(charges)  # the script is there from now on
        await redis.config_resetstat()
        for _ in range(5):
            await limiter.hit_all(charges)
        asked = {name: stats["calls"] for name, stats in (await redis.info("commandstats")).items()}
        inner = {"time", "hmget", "hset", "pexpire", "info", "config|resetstat"}
        assert {name: calls for name, calls in asked.items() if name.removeprefix("cmdstat_") not in inner} == {
            "cmdstat_evalsha": 5
        }

    async def test_a_refusal_by_one_policy_holds_beside_others(self, limiter: RedisRateLimiter) -> None:
        texts = Policy("texts", 1, 60)
        for charges in ([Charge(POLICY, "ada"), Charge(texts, "ada")], [Charge(texts, "ada"), Charge(POLICY, "ada")]):
            decisions = [await limiter.hit_all(charges) for _ in range(3)]
            assert [all(one.allowed for one in both) for both in decisions] == [True, False, False]
            await limiter.forget(texts, "ada")
        assert (await limiter.hit(POLICY, "ada")).remaining == 97

    async def test_a_server_that_forgot_the_script_is_told_again(self, limiter: RedisRateLimiter, redis: Redis) -> None:
        await limiter.hit(POLICY, "ada")
        await redis.script_flush()
        assert (await limiter.hit(POLICY, "ada")).remaining == 98

    async def test_connections_are_bounded_and_closed_at_the_end(
        self, redis_url: str, redis: Redis, prefix: str
    ) -> None:
        before = int((await redis.info("clients"))["connected_clients"])
        limiter = RedisRateLimiter(redis_url, prefix=prefix, max_connections=4)
        async with limiter.opened():
            await asyncio.gather(*(limiter.hit(POLICY, "ada") for _ in range(40)))
            assert int((await redis.info("clients"))["connected_clients"]) <= before + 4
        await asyncio.sleep(0.1)  # the server hears of it a moment later
        assert int((await redis.info("clients"))["connected_clients"]) <= before

    async def test_a_connection_that_was_cut_is_made_anew(self, limiter: RedisRateLimiter, redis: Redis) -> None:
        await limiter.hit(POLICY, "ada")
        await redis.client_kill_filter(_type="normal", skipme=True)
        assert (await limiter.hit(POLICY, "ada")).remaining == 98

    async def test_giving_up_on_an_answer_leaves_it_to_nobody_else(
        self, limiter: RedisRateLimiter, redis: Redis
    ) -> None:
        await limiter.hit(POLICY, "ada")
        await redis.client_pause(100, all=True)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await limiter.hit(POLICY, "ada")
        await redis.client_unpause()
        for remaining in (99, 98, 97):
            assert (await limiter.hit(POLICY, "bob")).remaining == remaining

    async def test_one_that_takes_no_writes_counts_nothing(self, limiter: RedisRateLimiter, redis: Redis) -> None:
        await redis.replicaof("127.0.0.1", "1")
        try:
            with pytest.raises(CountersUnavailable):
                await limiter.hit(POLICY, "ada")
        finally:
            await redis.replicaof("NO", "ONE")
        assert (await limiter.hit(POLICY, "ada")).allowed

    async def test_what_failed_says_no_address_and_no_password(self) -> None:
        limiter = RedisRateLimiter("redis://ada:hunter2@127.0.0.1:1/0", prefix="Words")
        async with limiter.opened():
            with pytest.raises(CountersUnavailable) as failed:
                await limiter.hit(POLICY, "ada")
        assert (str(failed.value), failed.value.__cause__) == ("", None)
