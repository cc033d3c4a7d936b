from typing import Any

import pytest

from lintel.ratelimit import Policy


class TestPolicy:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": ""},
            {"name": "Default"},
            {"name": 'a"b'},
            {"name": "a;q=9"},
            {"name": "a" * 65},
            {"limit": 0},
            {"window": 0},
            {"window": -60},
        ],
    )
    def test_one_that_could_not_be_kept_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="not a policy"):
            Policy(**{"name": "default", "limit": 1, "window": 1, **wrong})

    def test_is_milder_when_counters_are_away_unless_told_otherwise(self) -> None:
        assert not Policy("default", 1, 1).fail_closed
