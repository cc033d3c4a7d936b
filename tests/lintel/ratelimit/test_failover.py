import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from structlog.typing import EventDict

from lintel.errors import Unavailable
from lintel.ratelimit import (
    Charge,
    CountersUnavailable,
    Decision,
    FailoverRateLimiter,
    MemoryRateLimiter,
    Policy,
    RedisRateLimiter,
)
from lintel.testing import redis_server
from lintel.testing.conformance import RateLimiterConformance
from tests.faults.relay import Relay

pytestmark = pytest.mark.anyio

POLICY = Policy("default", limit=100, window=60)
SIGN_IN = Policy("sign-in", limit=5, window=60, fail_closed=True)
GUARD = 0.5
"""Ten times what an outage may add to a request: a guard against hanging."""


class Shared:
    """Counters of another process, which may be away."""

    def __init__(self) -> None:
        self.counters = MemoryRateLimiter()
        self.fault: Exception | None = None
        self.delay = 0.0
        self.asked = 0
        self.is_open = False

    async def hit(self, policy: Policy, key: str, *, cost: int = 1) -> Decision:
        self.asked += 1
        await asyncio.sleep(self.delay)
        if self.fault is not None:
            raise self.fault
        return await self.counters.hit(policy, key, cost=cost)

    async def hit_all(self, charges: Sequence[Charge]) -> list[Decision]:
        self.asked += 1
        await asyncio.sleep(self.delay)
        if self.fault is not None:
            raise self.fault
        return await self.counters.hit_all(charges)

    async def forget(self, policy: Policy, key: str) -> None:
        await asyncio.sleep(self.delay)
        if self.fault is not None:
            raise self.fault
        await self.counters.forget(policy, key)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self.is_open = True
        yield
        self.is_open = False


@pytest.fixture
def shared() -> Shared:
    return Shared()


@pytest.fixture
def limiter(shared: Shared) -> FailoverRateLimiter:
    return FailoverRateLimiter(shared, pause=0.1)


class TestConformance(RateLimiterConformance): ...


class TestNormally:
    async def test_the_shared_counters_decide(self, limiter: FailoverRateLimiter, shared: Shared) -> None:
        await shared.counters.hit(POLICY, "ada")
        assert (await limiter.hit(POLICY, "ada")).remaining == 98

    async def test_they_are_open_as_long_as_it_is(self, limiter: FailoverRateLimiter, shared: Shared) -> None:
        async with limiter.opened():
            assert shared.is_open
        assert not shared.is_open

    async def test_they_are_asked_before_the_first_request(self, limiter: FailoverRateLimiter, shared: Shared) -> None:
        async with limiter.opened():
            assert shared.asked == 1
            assert (await limiter.hit(POLICY, "ada")).remaining == 99

    async def test_a_bug_is_no_outage(self, limiter: FailoverRateLimiter, shared: Shared) -> None:
        shared.fault = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError):
            await limiter.hit(POLICY, "ada")


class TestOutage:
    async def test_this_process_counts_for_itself(self, limiter: FailoverRateLimiter, shared: Shared) -> None:
        shared.fault = CountersUnavailable()
        assert [(await limiter.hit(POLICY, "ada")).remaining for _ in range(3)] == [99, 98, 97]

    async def test_what_must_not_be_got_around_is_refused(self, limiter: FailoverRateLimiter, shared: Shared) -> None:
        shared.fault = CountersUnavailable()
        for _ in range(2):
            with pytest.raises(Unavailable) as refused:
                await limiter.hit(SIGN_IN, "ada")
            assert refused.value.retry_after == 1

    async def test_one_policy_that_must_not_is_enough(self, limiter: FailoverRateLimiter, shared: Shared) -> None:
        shared.fault = CountersUnavailable()
        with pytest.raises(Unavailable):
            await limiter.hit_all([Charge(POLICY, "ada"), Charge(SIGN_IN, "ada")])

    async def test_several_policies_are_counted_here_and_say_so(
        self, limiter: FailoverRateLimiter, shared: Shared
    ) -> None:
        charges = [Charge(POLICY, "ada"), Charge(Policy("texts", 9, 60), "ada", 2)]
        assert [decision.is_shared for decision in await limiter.hit_all(charges)] == [True, True]
        shared.fault = CountersUnavailable()
        decisions = await limiter.hit_all(charges)
        assert [(one.remaining, one.is_shared) for one in decisions] == [(99, False), (7, False)]

    async def test_that_is_waited_for_through_a_busy_moment(self, limiter: FailoverRateLimiter, shared: Shared) -> None:
        shared.delay = 0.15
        assert (await limiter.hit(POLICY, "ada")).remaining == 99  # does not wait
        assert (await limiter.hit(SIGN_IN, "ada")).remaining == 4
        assert (await shared.counters.hit(SIGN_IN, "ada")).remaining == 3

    async def test_forgetting_is_not_waited_for_long(self, shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lintel.ratelimit._failover.PATIENCE", 0.05)
        limiter = FailoverRateLimiter(shared)
        for fault, delay in ((CountersUnavailable(), 0.0), (None, 60.0)):
            shared.fault, shared.delay = fault, delay
            async with asyncio.timeout(10):
                await limiter.forget(SIGN_IN, "ada")

    async def test_what_was_counted_meanwhile_is_forgotten_as_well(
        self, limiter: FailoverRateLimiter, shared: Shared
    ) -> None:
        await limiter.hit(POLICY, "ada")
        shared.fault = CountersUnavailable()
        await limiter.hit(POLICY, "ada")
        shared.fault = None
        await limiter.forget(POLICY, "ada")
        assert (await shared.counters.hit(POLICY, "ada")).remaining == 99
        shared.fault = CountersUnavailable()
        assert (await limiter.hit(POLICY, "ada")).remaining == 99

    async def test_only_one_request_waits(self, shared: Shared) -> None:
        limiter = FailoverRateLimiter(shared, pause=60)
        shared.delay = 60
        started = time.perf_counter()
        for _ in range(100):
            await limiter.hit(POLICY, "ada")
        assert time.perf_counter() - started < GUARD
        assert shared.asked == 1

    async def test_it_is_logged_when_it_begins_and_when_it_is_over(
        self, limiter: FailoverRateLimiter, shared: Shared, log_records: list[EventDict]
    ) -> None:
        shared.delay = 60
        await asyncio.gather(*(limiter.hit(POLICY, "ada") for _ in range(20)))
        await asyncio.sleep(0.11)
        await asyncio.gather(*(limiter.hit(POLICY, "ada") for _ in range(20)))
        assert [(record["log_level"], record["reason"]) for record in log_records] == [("error", "timeout")]
        shared.delay = 0
        await self._back(limiter, shared)
        await asyncio.gather(*(limiter.hit(POLICY, "ada") for _ in range(20)))
        assert [record["event"] for record in log_records[1:]] == ["rate limits are shared again"]

    async def test_one_request_after_a_pause_tries_again(self, limiter: FailoverRateLimiter, shared: Shared) -> None:
        shared.fault = CountersUnavailable()
        await limiter.hit(POLICY, "ada")
        await asyncio.sleep(0.11)
        shared.delay = 0.01
        await asyncio.gather(*(limiter.hit(POLICY, "ada") for _ in range(20)))
        assert shared.asked == 2

    async def test_when_it_is_over_the_shared_counters_decide_again(
        self, limiter: FailoverRateLimiter, shared: Shared
    ) -> None:
        shared.fault = CountersUnavailable()
        for _ in range(50):
            await limiter.hit(POLICY, "ada")
        shared.fault = None
        await self._back(limiter, shared)
        assert (await limiter.hit(POLICY, "bob")).remaining == 99
        assert (await shared.counters.hit(POLICY, "bob")).remaining == 98

    @staticmethod
    async def _back(limiter: FailoverRateLimiter, shared: Shared) -> None:
        """Ask until the shared counters are asked again."""
        asked = shared.asked
        async with asyncio.timeout(10):
            while shared.asked == asked:
                await asyncio.sleep(0.02)
                await limiter.hit(POLICY, "somebody")


@pytest.mark.services
class TestRedis:
    """Row 94: slow, READONLY and down, over a real server."""

    async def test_slow_adds_no_more_than_the_deadline_and_is_left_alone(self, log_records: list[EventDict]) -> None:
        with redis_server() as server:
            limiter = FailoverRateLimiter(RedisRateLimiter(server.url, prefix="Words"), pause=0.1)
            async with limiter.opened():
                assert (await limiter.hit(POLICY, "ada")).remaining == 99
                os.kill(server.pid, signal.SIGSTOP)
                started = time.perf_counter()
                assert [(await limiter.hit(POLICY, "ada")).remaining for _ in range(3)] == [99, 98, 97]
                assert time.perf_counter() - started < GUARD
                with pytest.raises(Unavailable):
                    await limiter.hit(SIGN_IN, "ada")
                os.kill(server.pid, signal.SIGCONT)
                await self._shared_again(limiter, log_records)
                assert (await limiter.hit(SIGN_IN, "ada")).allowed

    async def test_a_network_that_hands_nothing_over_is_left_alone(
        self, redis_url: str, log_records: list[EventDict]
    ) -> None:
        with Relay.to(redis_url) as relay:
            shared = RedisRateLimiter(relay.url, prefix=uuid4().hex)
            limiter = FailoverRateLimiter(shared, pause=60)
            charges = [Charge(POLICY, "ada"), Charge(Policy("texts", 100, 60), "ada")]
            async with limiter.opened():
                assert [decision.is_shared for decision in await limiter.hit_all(charges)] == [True, True]
                relay.is_silent = True
                started = time.perf_counter()
                for _ in range(200):  # one of them waits
                    assert {decision.is_shared for decision in await limiter.hit_all(charges)} == {False}
                assert time.perf_counter() - started < GUARD
                relay.is_silent = False
        assert [record["reason"] for record in log_records] == ["timeout"]

    async def test_read_only_is_an_outage_like_any_other(self, redis_url: str, log_records: list[EventDict]) -> None:
        limiter = FailoverRateLimiter(RedisRateLimiter(redis_url, prefix=uuid4().hex), pause=0.1)
        async with limiter.opened(), Redis.from_url(redis_url) as redis:
            await redis.replicaof("127.0.0.1", "1")
            try:
                assert (await limiter.hit(POLICY, "ada")).remaining == 99
            finally:
                await redis.replicaof("NO", "ONE")
            await self._shared_again(limiter, log_records)

    async def test_away_from_the_start_keeps_nobody_from_starting(self, log_records: list[EventDict]) -> None:
        limiter = FailoverRateLimiter(RedisRateLimiter("redis://127.0.0.1:1/0", prefix="Words"))
        async with limiter.opened():
            assert len(log_records) == 1
            assert [(await limiter.hit(POLICY, "ada")).remaining for _ in range(3)] == [99, 98, 97]
        assert [record["reason"] for record in log_records] == ["error"]

    @staticmethod
    async def _shared_again(limiter: FailoverRateLimiter, records: list[EventDict]) -> None:
        async with asyncio.timeout(10):
            while records[-1]["event"] != "rate limits are shared again":
                await asyncio.sleep(0.02)
                await limiter.hit(POLICY, "somebody")
        assert len(records) == 2
