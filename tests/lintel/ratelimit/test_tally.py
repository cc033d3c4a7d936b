from typing import Any

import pytest

from lintel.errors import TooManyRequests
from lintel.ratelimit import GENERAL, Charge, MemoryRateLimiter, Policy, Tally, charge, keep_tally

pytestmark = pytest.mark.anyio

GENERALLY, TEXTS = Policy("default", 10, 60), Policy("texts", 5, 60)


@pytest.fixture
def tally() -> Tally:
    return Tally(MemoryRateLimiter(), [GENERAL, "texts"], [Charge(GENERALLY, "ada"), Charge(TEXTS, "ada")])


@pytest.fixture
def scope(tally: Tally) -> dict[str, Any]:
    """Of a request whose endpoint may add to what it costs."""
    scope: dict[str, Any] = {}
    keep_tally(scope, tally)
    return scope


class TestCharge:
    async def test_what_the_body_tells_counts_as_well(self, tally: Tally, scope: dict[str, Any]) -> None:
        await tally.count()
        await charge(scope, 3, of="texts")
        assert [decision.remaining for decision in tally.decisions] == [9, 1]

    async def test_too_much_is_refused_and_not_counted(self, tally: Tally, scope: dict[str, Any]) -> None:
        await tally.count()
        with pytest.raises(TooManyRequests) as refused:
            await charge(scope, 5, of="texts")
        assert refused.value.policies == ("texts",)
        assert [decision.remaining for decision in tally.decisions] == [9, 4]

    async def test_nothing_is_counted_for_nothing(self, tally: Tally, scope: dict[str, Any]) -> None:
        await tally.count()
        before = list(tally.decisions)
        await charge(scope, 0, of="texts")
        assert tally.decisions == before

    async def test_what_is_switched_off_counts_nothing(self, tally: Tally, scope: dict[str, Any]) -> None:
        await charge(scope, 100, of="exports")
        await charge({}, 100, of="texts")
        assert tally.decisions == []
