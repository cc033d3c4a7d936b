"""What every rate limiter must do."""

import asyncio
from uuid import uuid4

import pytest

from lintel.ratelimit import Charge, Decision, Policy, RateLimiter


class RateLimiterConformance:
    """Subclass it with a fixture `limiter`; override `elapse` where time need not really pass."""

    pytestmark = pytest.mark.anyio

    async def elapse(self, seconds: float) -> None:
        """Let the limiter see time pass."""
        await asyncio.sleep(seconds)

    @pytest.fixture
    def key(self) -> str:
        """Somebody who has never asked before."""
        return f"user_{uuid4().hex}"

    async def test_the_limit_is_admitted_and_no_more(self, limiter: RateLimiter, key: str) -> None:
        policy = Policy("default", limit=3, window=60)
        decisions = [await limiter.hit(policy, key) for _ in range(5)]
        assert [decision.allowed for decision in decisions] == [True, True, True, False, False]
        assert [decision.remaining for decision in decisions] == [2, 1, 0, 0, 0]
        assert {decision.limit for decision in decisions} == {3}
        assert all(0 <= decision.reset_after <= 60 for decision in decisions)

    async def test_callers_are_counted_apart(self, limiter: RateLimiter, key: str) -> None:
        policy = Policy("default", limit=1, window=60)
        for other in (key, f"{key}/", f"{key} ü", f"ip_2001:db8::/64 {key}", key * 20):
            assert (await limiter.hit(policy, other)).allowed
            assert not (await limiter.hit(policy, other)).allowed

    async def test_policies_are_counted_apart(self, limiter: RateLimiter, key: str) -> None:
        for name in ("default", "sign-in"):
            decisions = [await limiter.hit(Policy(name, limit=1, window=60), key) for _ in range(2)]
            assert [decision.allowed for decision in decisions] == [True, False]

    async def test_a_request_may_cost_more_than_one(self, limiter: RateLimiter, key: str) -> None:
        policy = Policy("default", limit=5, window=60)
        decisions = [await limiter.hit(policy, key, cost=cost) for cost in (4, 2, 6, 1)]
        assert [decision.allowed for decision in decisions] == [True, False, False, True]
        assert [decision.remaining for decision in decisions] == [1, 1, 1, 0]

    async def test_of_many_at_once_the_limit_is_admitted(self, limiter: RateLimiter, key: str) -> None:
        policy = Policy("default", limit=20, window=60)
        decisions = await asyncio.gather(*(limiter.hit(policy, key) for _ in range(50)))
        assert sum(decision.allowed for decision in decisions) == 20

    async def test_of_many_at_once_whatever_they_cost_the_limit_is_admitted(
        self, limiter: RateLimiter, key: str
    ) -> None:
        policy, costs = Policy("default", limit=20, window=60), [1, 2, 3, 4, 5] * 6
        decisions = await asyncio.gather(*(limiter.hit(policy, key, cost=cost) for cost in costs))
        admitted = sum(cost for cost, decision in zip(costs, decisions, strict=True) if decision.allowed)
        assert admitted == 20  # what was left at last went to those of one

    async def test_under_several_policies_each_says_how_it_stands(self, limiter: RateLimiter, key: str) -> None:
        charges = [Charge(Policy("default", 10, 60), key), Charge(Policy("texts", 7, 60), key, 3)]
        decisions = [await limiter.hit_all(charges) for _ in range(3)]
        assert [[one.allowed for one in both] for both in decisions] == [[True, True], [True, True], [True, False]]
        assert [[one.remaining for one in both] for both in decisions] == [[9, 4], [8, 1], [8, 1]]
        assert [one.limit for one in decisions[0]] == [10, 7]

    @pytest.mark.parametrize("strict", [0, 1])
    async def test_what_one_policy_refuses_counts_under_no_other(
        self, limiter: RateLimiter, key: str, strict: int
    ) -> None:
        policies = [Policy("default", 10, 60), Policy("texts", 10, 60)]
        policies[strict] = Policy(policies[strict].name, 1, 60)
        for _ in range(5):
            await limiter.hit_all([Charge(policy, key) for policy in policies])
        assert (await limiter.hit(policies[1 - strict], key)).remaining == 8

    async def test_of_many_at_once_under_several_policies_the_least_is_admitted(
        self, limiter: RateLimiter, key: str
    ) -> None:
        default, texts = Policy("default", 40, 60), Policy("texts", 20, 60)
        charges = [Charge(default, key), Charge(texts, key, 2)]
        decisions = await asyncio.gather(*(limiter.hit_all(charges) for _ in range(50)))
        assert sum(all(one.allowed for one in both) for both in decisions) == 10
        assert (await limiter.hit(default, key)).remaining == 29

    async def test_one_policy_may_count_for_several_callers_at_once(self, limiter: RateLimiter, key: str) -> None:
        policy = Policy("default", 2, 60)
        await limiter.hit(policy, f"{key}/")
        decisions = await limiter.hit_all([Charge(policy, key), Charge(policy, f"{key}/")])
        assert [decision.remaining for decision in decisions] == [1, 0]

    async def test_when_it_said_there_would_be_enough_there_is(self, limiter: RateLimiter, key: str) -> None:
        policy = Policy("default", limit=10, window=1)
        await self._use_up(limiter, policy, key)
        refused = await limiter.hit(policy, key, cost=5)
        assert refused.reset_after > (await limiter.hit(policy, key)).reset_after
        await self.elapse(refused.reset_after + 0.05)
        assert (await limiter.hit(policy, key, cost=5)).allowed

    async def test_when_it_said_there_would_be_more_there_is(self, limiter: RateLimiter, key: str) -> None:
        policy = Policy("default", limit=2, window=1)
        for _ in range(3):
            refused = await self._use_up(limiter, policy, key)
            await self.elapse(refused.reset_after + 0.05)
            assert (await limiter.hit(policy, key)).allowed

    async def test_asking_on_while_refused_makes_nobody_wait_longer(self, limiter: RateLimiter, key: str) -> None:
        policy = Policy("default", limit=2, window=1)
        refused = await self._use_up(limiter, policy, key)
        for _ in range(20):
            assert not (await limiter.hit(policy, key)).allowed
        await self.elapse(refused.reset_after + 0.05)
        assert (await limiter.hit(policy, key)).allowed

    async def test_a_new_window_does_not_admit_a_second_burst(self, limiter: RateLimiter, key: str) -> None:
        policy = Policy("default", limit=10, window=2)
        refused = await self._use_up(limiter, policy, key)
        await self.elapse(refused.reset_after + 0.05)
        decisions = [await limiter.hit(policy, key) for _ in range(10)]
        assert 1 <= sum(decision.allowed for decision in decisions) <= 5

    async def test_after_two_windows_nothing_is_left_of_it(self, limiter: RateLimiter, key: str) -> None:
        policy = Policy("default", limit=10, window=1)
        await self._use_up(limiter, policy, key)
        await self.elapse(2.05)
        assert (await limiter.hit(policy, key)).remaining == 9

    async def test_who_is_forgotten_begins_anew_and_nobody_else_does(self, limiter: RateLimiter, key: str) -> None:
        policy, other = Policy("default", limit=3, window=1), Policy("sign-in", limit=3, window=60)
        await self._use_up(limiter, policy, key)
        await self.elapse(1.1)  # so that there is a window before this one
        for counted in ((policy, key), (other, key), (policy, f"{key}/")):
            await self._use_up(limiter, *counted)
        await limiter.forget(policy, key)
        await limiter.forget(policy, "somebody who never asked")
        assert (await limiter.hit(policy, key)).remaining == 2
        assert not (await limiter.hit(other, key)).allowed
        assert not (await limiter.hit(policy, f"{key}/")).allowed

    @staticmethod
    async def _use_up(limiter: RateLimiter, policy: Policy, key: str) -> Decision:
        """Ask until refused."""
        while (decision := await limiter.hit(policy, key)).allowed:
            pass
        return decision
