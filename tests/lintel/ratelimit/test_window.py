import pytest

from lintel.ratelimit import Policy
from lintel.ratelimit._window import decided, used_of

POLICY = Policy("default", 100, 60)


class TestUsed:
    @pytest.mark.parametrize(
        ("before", "now", "left", "used"),
        [
            (0, 0, 60, 0),
            (0, 7, 1, 7),
            (100, 0, 60, 100),
            (100, 0, 45, 75),
            (100, 20, 30, 70),
            (3, 1, 30, 2),
            (100, 4, 0, 4),
        ],
    )
    def test_the_window_before_counts_for_what_is_left_of_this_one(
        self, before: int, now: int, left: float, used: int
    ) -> None:
        assert used_of(before, now, left, 60) == used


class TestWait:
    @pytest.mark.parametrize(
        ("before", "now", "left", "wait"),
        [
            (0, 7, 42, 42),  # until this window ends
            (6, 0, 57, 7),  # six melt away one every ten seconds
            (6, 1, 51, 1),
            (1, 1, 30, 30),  # of one, nothing is left at once
        ],
    )
    def test_it_says_when_it_is_one_less(self, before: int, now: int, left: float, wait: float) -> None:
        decision = decided(POLICY, 1, before, now, left, allowed=True)
        assert decision.reset_after == pytest.approx(wait)
        if left > wait:
            assert used_of(before, now, left - wait - 0.01, 60) == used_of(before, now, left, 60) - 1

    @pytest.mark.parametrize(
        ("before", "now", "left", "cost", "wait"),
        [
            (0, 100, 42, 1, 42),
            (0, 100, 42, 50, 71.4),  # half of this window must have melted in the next
            (0, 100, 42, 100, 101.4),
            (100, 20, 45, 40, 20.4),  # 40 of the window before may be left beside the 20
            (100, 80, 6, 40, 20.25),
        ],
    )
    def test_of_a_refusal_it_says_when_there_is_enough(
        self, before: int, now: int, left: float, cost: int, wait: float
    ) -> None:
        decision = decided(POLICY, cost, before, now, left, allowed=False)
        assert decision.reset_after == pytest.approx(wait)
