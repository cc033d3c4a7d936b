"""Guessing is bounded, and nobody can lock others out: row 68."""

from typing import Any

import pytest

from app.services.throttles import BESIEGED_ATTEMPTS, RegistrationThrottle, SignInThrottle
from lintel.errors import TooManyRequests
from lintel.ratelimit import MemoryRateLimiter
from tests.conftest import ON_SQLITE, SettingsFactory

pytestmark = [pytest.mark.anyio, ON_SQLITE]

ADA = "ada@example.com"
HOME, WORK = "192.0.2.1", "198.51.100.1"
LIMITS = {"login_attempts": 5, "login_attempts_per_address": 20, "login_attempts_per_account": 30}


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(make_settings: SettingsFactory, clock: Clock) -> SignInThrottle:
    return SignInThrottle.of(make_settings(**LIMITS), MemoryRateLimiter(clock=clock))


async def tries(throttle: SignInThrottle, account: str, address: str | None, times: int = 50) -> int:
    """How many attempts are let through."""
    admitted = 0
    for _ in range(times):
        try:
            await throttle.admit(account, address)
        except TooManyRequests:
            continue
        admitted += 1
    return admitted


async def besiege(throttle: SignInThrottle, networks: int) -> int:
    """Attempts on Ada's account from many networks; how many were let through."""
    return sum([await tries(throttle, ADA, f"203.0.{number // 250}.{number % 250}") for number in range(networks)])


class TestGuessing:
    async def test_one_account_from_one_network(self, throttle: SignInThrottle) -> None:
        assert await tries(throttle, ADA, HOME) == 5
        assert await tries(throttle, ADA, WORK) == 5

    async def test_many_accounts_from_one_network(self, throttle: SignInThrottle) -> None:
        assert sum([await tries(throttle, f"{number}@example.com", HOME, times=1) for number in range(50)]) == 20
        assert await tries(throttle, "50@example.com", WORK, times=1) == 1

    async def test_one_account_from_everywhere(self, throttle: SignInThrottle) -> None:
        assert await besiege(throttle, 100) == 30 + (100 - 6) * BESIEGED_ATTEMPTS

    async def test_a_network_of_one_household_is_one(self, throttle: SignInThrottle) -> None:
        assert sum([await tries(throttle, ADA, f"2001:db8::{number}", times=1) for number in range(20)]) == 5

    async def test_no_address_is_one_as_well(self, throttle: SignInThrottle) -> None:
        assert await tries(throttle, ADA, None) == 5

    async def test_goes_on_when_its_time_is_over(self, throttle: SignInThrottle, clock: Clock) -> None:
        await tries(throttle, ADA, HOME)
        clock.now += 1_801
        assert await tries(throttle, ADA, HOME) == 5


class TestOwner:
    async def test_who_knows_the_password_is_never_kept_waiting(self, throttle: SignInThrottle) -> None:
        for _ in range(19):  # the network's own bound is for all its accounts
            await throttle.admit(ADA, HOME)
            await throttle.succeeded(ADA, HOME)

    async def test_gets_in_from_any_network_whatever_others_try_elsewhere(
        self, throttle: SignInThrottle, clock: Clock
    ) -> None:
        for day in range(3):
            await besiege(throttle, 200)
            for place in (HOME, WORK, f"192.0.2.{100 + day}"):
                assert await tries(throttle, ADA, place, times=2) == 2  # mistyped, then right
                await throttle.succeeded(ADA, place)
                await throttle.admit(ADA, place)
                await throttle.succeeded(ADA, place)
            clock.now += 86_400

    async def test_has_a_few_attempts_while_it_lasts(self, throttle: SignInThrottle, clock: Clock) -> None:
        await besiege(throttle, 200)
        assert await tries(throttle, ADA, HOME) == BESIEGED_ATTEMPTS
        clock.now += 2 * 86_400 + 1
        await besiege(throttle, 200)
        assert await tries(throttle, ADA, HOME) == BESIEGED_ATTEMPTS

    async def test_other_accounts_of_the_besieged_go_on(self, throttle: SignInThrottle) -> None:
        await besiege(throttle, 100)
        assert await tries(throttle, "bob@example.com", HOME) == 5


class TestSettings:
    async def test_zero_means_any_number(self, make_settings: SettingsFactory) -> None:
        values: dict[str, Any] = dict.fromkeys(LIMITS, 0)
        throttle = SignInThrottle.of(make_settings(**values), MemoryRateLimiter())
        assert await tries(throttle, ADA, HOME, times=500) == 500

    async def test_accounts_are_made_as_often_as_is_set(self, make_settings: SettingsFactory) -> None:
        throttle = RegistrationThrottle.of(make_settings(registrations_per_address=2), MemoryRateLimiter()).accounts
        assert [await throttle.refusal("ip_192.0.2.1") is None for _ in range(3)] == [True, True, False]
