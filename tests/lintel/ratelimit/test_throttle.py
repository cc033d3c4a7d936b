import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from structlog.typing import EventDict

from lintel.errors import TooManyRequests, Unavailable
from lintel.ratelimit import (
    Charge,
    CountersUnavailable,
    Decision,
    FailoverRateLimiter,
    MemoryRateLimiter,
    Policy,
    RateLimiter,
    RedisRateLimiter,
    Throttle,
)

pytestmark = pytest.mark.anyio

ADA = "ada@example.com"


class Away:
    """Counters that do not answer."""

    async def hit(self, policy: Policy, key: str, *, cost: int = 1) -> Decision:
        raise CountersUnavailable

    async def hit_all(self, charges: Sequence[Charge]) -> list[Decision]:
        raise CountersUnavailable

    async def forget(self, policy: Policy, key: str) -> None:
        raise CountersUnavailable

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        yield


def throttle(limiter: RateLimiter | None = None, *, limit: int = 3, name: str = "login") -> Throttle:
    return Throttle(limiter or MemoryRateLimiter(), name, limit=limit, window=60)


async def admitted(one: Throttle, *who: str, times: int = 10) -> int:
    """How many attempts of several are not refused."""
    return [await one.refusal(*who) for _ in range(times)].count(None)


class TestAdmit:
    async def test_refuses_what_is_beyond_the_limit_and_says_for_how_long(self) -> None:
        one = throttle()
        for _ in range(3):
            await one.admit(ADA)
        with pytest.raises(TooManyRequests) as refused:
            await one.admit(ADA)
        assert refused.value.retry_after is not None
        assert 1 <= refused.value.retry_after <= 60

    async def test_counts_attempts_before_they_are_made(self) -> None:
        one = throttle(limit=5)
        ends = await asyncio.gather(*(one.admit(ADA) for _ in range(50)), return_exceptions=True)
        assert ends.count(None) == 5

    async def test_keeps_each_combination_apart(self) -> None:
        one = throttle()
        for who in ((ADA, "home"), (ADA, "work"), ("bob", "home"), (ADA,), (ADA + "home",), (f'{ADA}", "home',)):
            assert await admitted(one, *who) == 3

    async def test_keeps_things_apart_that_share_counters(self) -> None:
        counters = MemoryRateLimiter()
        for name in ("login", "register"):
            assert await admitted(throttle(counters, name=name), ADA) == 3

    async def test_has_no_limit_where_none_is_set(self) -> None:
        one = throttle(Away(), limit=0)
        assert await admitted(one, ADA, times=100) == 100
        await one.forget(ADA)

    async def test_takes_any_text(self) -> None:
        assert await admitted(throttle(), "\ud800\0 ü", "") == 3

    async def test_is_told_in_the_log_without_a_name(self, log_records: list[EventDict]) -> None:
        await admitted(throttle(), ADA, times=4)
        [record] = log_records
        assert (record["event"], record["policy"]) == ("too many attempts", "login")
        assert ADA not in str(record)


class TestForget:
    async def test_begins_anew_for_one_and_no_other(self) -> None:
        one = throttle()
        for who in ((ADA, "home"), (ADA, "work")):
            await admitted(one, *who)
        await one.forget(ADA, "home")
        assert (await admitted(one, ADA, "home"), await admitted(one, ADA, "work")) == (3, 0)


class TestOutage:
    @pytest.mark.services
    async def test_a_server_that_is_away_is_one(self) -> None:
        limiter = RedisRateLimiter("redis://127.0.0.1:1/0", prefix="Words")
        async with limiter.opened():
            with pytest.raises(Unavailable):
                await throttle(limiter).admit(ADA)
            with pytest.raises(CountersUnavailable):
                await limiter.forget(Policy("login", limit=3, window=60), "ada")

    @pytest.mark.parametrize("limiter", [Away(), FailoverRateLimiter(Away())], ids=["shared", "failover"])
    async def test_nothing_can_be_tried(self, limiter: RateLimiter) -> None:
        for _ in range(3):
            with pytest.raises(Unavailable) as refused:
                await throttle(limiter).admit(ADA)
            assert refused.value.retry_after == 1

    async def test_who_succeeded_is_not_held_up(self, log_records: list[EventDict]) -> None:
        await throttle(Away()).forget(ADA)
        assert [record["event"] for record in log_records] == ["attempts could not be forgotten"]


@pytest.mark.services
class TestRedis:
    async def test_processes_count_together_and_store_nobodys_address(self, redis_url: str) -> None:
        prefix = uuid4().hex
        limiters = [FailoverRateLimiter(RedisRateLimiter(redis_url, prefix=prefix)) for _ in range(2)]
        async with limiters[0].opened(), limiters[1].opened(), Redis.from_url(redis_url) as redis:
            assert [await admitted(throttle(limiter), ADA, times=2) for limiter in limiters] == [2, 1]
            keys = [key.decode() async for key in redis.scan_iter(f"*{prefix}*")]
            assert keys
            assert not any("ada" in key or "example" in key for key in keys)
            await throttle(limiters[0]).forget(ADA)
            assert await admitted(throttle(limiters[1]), ADA) == 3
