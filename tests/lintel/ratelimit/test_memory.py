import pytest

from lintel.ratelimit import MemoryRateLimiter, Policy
from lintel.testing.conformance import RateLimiterConformance

pytestmark = pytest.mark.anyio

POLICY = Policy("default", limit=100, window=60)


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_007.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limiter(clock: Clock) -> MemoryRateLimiter:
    return MemoryRateLimiter(clock=clock)


class TestConformance(RateLimiterConformance):
    @pytest.fixture(autouse=True)
    def _with_clock(self, clock: Clock) -> None:
        self.clock = clock

    async def elapse(self, seconds: float) -> None:
        self.clock.now += seconds


class TestRealTime:
    async def test_is_what_counts_unless_told_otherwise(self) -> None:
        limiter, policy = MemoryRateLimiter(), Policy("default", limit=1, window=60)
        async with limiter.opened():
            assert [(await limiter.hit(policy, "a")).allowed for _ in range(2)] == [True, False]


class TestApart:
    async def test_two_limiters_share_nothing(self) -> None:
        one, two = MemoryRateLimiter(), MemoryRateLimiter()
        assert (await one.hit(POLICY, "a")).remaining == (await two.hit(POLICY, "a")).remaining == 99


class TestReset:
    async def test_a_window_begins_with_the_first_request(self, limiter: MemoryRateLimiter, clock: Clock) -> None:
        for key in ("ada", "bob"):
            assert (await limiter.hit(POLICY, key)).reset_after == 60
            clock.now += 25
        assert (await limiter.hit(POLICY, "ada")).reset_after == 10

    async def test_it_says_to_the_second_when_one_more_is_free(self, limiter: MemoryRateLimiter, clock: Clock) -> None:
        policy = Policy("default", limit=6, window=60)
        for _ in range(6):
            await limiter.hit(policy, "ada")
        clock.now += 63  # six of the window before melt away one every ten seconds
        assert (await limiter.hit(policy, "ada")).allowed
        assert (await limiter.hit(policy, "ada")).reset_after == pytest.approx(7)


class TestMemory:
    async def test_nothing_is_left_of_those_who_stay_away(self, limiter: MemoryRateLimiter, clock: Clock) -> None:
        for number in range(1_000):
            await limiter.hit(POLICY, f"user_{number}")
        assert kept(limiter) == 1_000
        for _ in range(2):
            clock.now += 120
            await limiter.hit(POLICY, "ada")
        assert kept(limiter) == 1

    async def test_nothing_is_left_after_a_long_silence(self, limiter: MemoryRateLimiter, clock: Clock) -> None:
        for number in range(1_000):
            await limiter.hit(POLICY, f"user_{number}")
        clock.now += 3_600
        await limiter.hit(POLICY, "ada")
        assert kept(limiter) == 1

    async def test_nobody_is_forgotten_before_their_time(self, limiter: MemoryRateLimiter, clock: Clock) -> None:
        policy = Policy("default", limit=100, window=60)
        for step in range(200):  # somebody else always asks, so that tables turn at every moment there is
            key = f"user_{step}"
            for _ in range(100):
                await limiter.hit(policy, key)
            clock.now += 1
            await limiter.hit(policy, "somebody")
            clock.now += 60
            assert (await limiter.hit(policy, key)).remaining < 5, step

    async def test_many_at_once_fill_a_bounded_table(self, clock: Clock) -> None:
        limiter = MemoryRateLimiter(max_clients=100, clock=clock)
        for number in range(10_000):
            assert (await limiter.hit(POLICY, f"ip_{number}")).allowed
            assert kept(limiter) <= 200

    async def test_those_who_ask_on_still_count_when_it_is_full(self, clock: Clock) -> None:
        limiter, policy = MemoryRateLimiter(max_clients=100, clock=clock), Policy("default", limit=4, window=60)
        for _ in range(4):
            await limiter.hit(policy, "ada")
        for number in range(1_000):
            await limiter.hit(policy, f"ip_{number}")
            assert not (await limiter.hit(policy, "ada")).allowed

    async def test_a_client_who_is_known_pushes_nobody_out(self, clock: Clock) -> None:
        limiter = MemoryRateLimiter(max_clients=2, clock=clock)
        for _ in range(10):
            for key in ("ada", "bob"):
                await limiter.hit(POLICY, key)
        assert (await limiter.hit(POLICY, "ada")).remaining == 89


def kept(limiter: MemoryRateLimiter) -> int:
    return sum(len(table.lately) + len(table.before) for table in limiter._tables.values())
