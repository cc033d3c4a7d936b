import pytest

from lintel.ratelimit._window import standing


class TestStanding:
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
        assert standing(before=before, now=now, left=left, window=60)[0] == used

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
        used, until_less = standing(before=before, now=now, left=left, window=60)
        assert until_less == pytest.approx(wait)
        if left > wait:
            assert standing(before=before, now=now, left=left - wait - 0.01, window=60)[0] == used - 1
