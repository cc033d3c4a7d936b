"""Rounds go there and back, and count only when the base agrees with itself."""

from collections.abc import Iterator, Sequence

import pytest

from bench.harness.cores import Cores
from bench.harness.measure import Plan, Sample, Sampler, UnstableError, is_stable, stable_rounds

PLAN = Plan(cores=Cores(None, None), rounds=3, attempts=2)


def sampler(asked: list[str], base: Sequence[float]) -> Sampler:
    """Answers `base` one after the other, and 1 for everybody else; notes who was asked."""
    costs: Iterator[float] = iter(base)

    def sample(name: str) -> Sample:
        asked.append(name)
        return Sample(next(costs) if name == "base" else 1)

    return sample


class TestRounds:
    def test_alternate_in_direction(self) -> None:
        asked: list[str] = []
        stable_rounds(["base", "b", "c"], sampler(asked, [100] * 3), PLAN, base="base")
        assert "".join(name[0] for name in asked) == "bbc" + "cbb" + "bbc"

    def test_keep_their_samples_in_order(self) -> None:
        found = stable_rounds(["base", "b"], sampler([], [100, 110, 105]), PLAN, base="base")
        assert [sample.server for sample in found["base"]] == [100, 110, 105]
        assert [sample.server for sample in found["b"]] == [1, 1, 1]

    def test_are_thrown_away_and_repeated_when_the_base_is_unstable(self) -> None:
        asked: list[str] = []
        found = stable_rounds(["base", "b"], sampler(asked, [100, 100, 130, 90, 91, 92]), PLAN, base="base")
        assert [sample.server for sample in found["base"]] == [90, 91, 92]
        assert len(asked) == 12

    def test_are_given_up_after_the_last_attempt(self) -> None:
        with pytest.raises(UnstableError, match=r"base took 100 to 130 µs, 100 to 140 µs in 2 sets of 3 rounds"):
            stable_rounds(["base"], sampler([], [100, 100, 130, 100, 100, 140]), PLAN, base="base")

    def test_of_the_others_may_disagree(self) -> None:
        costs = iter([1.0, 50.0, 7.0])
        found = stable_rounds(["a", "b"], lambda name: Sample(9 if name == "a" else next(costs)), PLAN, base="a")
        assert [sample.server for sample in found["b"]] == [1, 50, 7]

    def test_need_not_agree_when_nothing_is_measured(self) -> None:
        plan = Plan(cores=Cores(None, None), rounds=3, must_agree=False)
        assert stable_rounds(["base"], sampler([], [1, 100, 5]), plan, base="base")


class TestStability:
    @pytest.mark.parametrize("costs", [[100, 120, 80], [100, 100], [5]])
    def test_is_a_fifth_to_either_side_of_the_median(self, costs: list[float]) -> None:
        assert is_stable(costs)

    @pytest.mark.parametrize("costs", [[100, 121, 100], [100, 100, 79]])
    def test_ends_there(self, costs: list[float]) -> None:
        assert not is_stable(costs)
