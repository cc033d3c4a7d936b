"""A figure is made of whole rounds, and a gate says by how much it is missed."""

import pytest

from bench.harness.figures import Gate, addition, figure, ratio

SAMPLES = {"base": [100.0, 200.0, 100.0], "ours": [150.0, 300.0, 170.0], "without": [140.0, 280.0, 150.0]}
"""The second round ran on a machine half as fast."""


class TestFigure:
    def test_is_the_median_of_what_each_round_says_by_itself(self) -> None:
        found = figure("ours over base", SAMPLES, ratio("ours", "base"))
        assert (found.low, found.value, found.high) == (1.5, 1.5, 1.7)

    def test_refuses_rounds_that_lack_a_sample(self) -> None:
        with pytest.raises(ValueError, match="shorter"):
            figure("ours over base", {"base": [1.0, 1.0], "ours": [1.0]}, ratio("ours", "base"))


class TestAddition:
    def test_is_one_and_the_cost_as_a_share_of_the_base(self) -> None:
        found = figure("x", SAMPLES, addition("ours", "without", base="base"))
        assert [round(value, 6) for value in (found.low, found.value, found.high)] == [1.1, 1.1, 1.2]

    def test_shares_the_cost_among_several(self) -> None:
        found = figure("x", SAMPLES, addition("ours", "without", base="base", times=5))
        assert round(found.value, 6) == 1.02


class TestGate:
    @pytest.mark.parametrize("value", [1.75, 1.0])
    def test_is_met_at_its_bound_and_below(self, value: float) -> None:
        assert Gate(bound=1.75).missed_by(value) == 0

    def test_is_missed_above(self) -> None:
        assert Gate(bound=1.5).missed_by(2.0) == 0.5

    @pytest.mark.parametrize("value", [1.3, 9.0])
    def test_of_a_least_value_is_met_at_its_bound_and_above(self, value: float) -> None:
        assert Gate(bound=1.3, at_least=True).missed_by(value) == 0

    def test_of_a_least_value_is_missed_below(self) -> None:
        assert Gate(bound=3.0, at_least=True).missed_by(2.5) == 0.5
