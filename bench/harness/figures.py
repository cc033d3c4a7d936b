"""What a case finds: rows of samples, and the figures made of them, with the gates they are held to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

Samples = Mapping[str, Sequence[float]]
"""For each row the samples of all rounds, in the order of the rounds."""

RATIO = "x"
"""The unit of figures that say how many times."""

COUNTED = "found"
"""The unit of figures that count something."""

Formula = Callable[[Mapping[str, float]], float]
"""A figure out of one round's samples by row."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that was measured.

    Attributes:
        name: Unique in its table.
        on: What was on while it was measured, or what it is.
        samples: One a round.
        beside: Samples of what was spent outside the process, in a database.
    """

    name: str
    on: str
    samples: Sequence[float]
    beside: Sequence[float] | None = None


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The bound a figure is held to.

    Attributes:
        bound: What must be kept.
        aim: Where we are going.
        at_least: The figure must not be below; otherwise not above.
    """

    bound: float
    aim: float | None = None
    at_least: bool = False

    def missed_by(self, value: float) -> float:
        """How far a value is on the wrong side of the bound, in its own unit; 0 if the gate is met."""
        return max(self.bound - value if self.at_least else value - self.bound, 0)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A number made of the samples.

    Attributes:
        name: What it says, in the words of the gate.
        value: The median over the rounds.
        low: The least of the rounds.
        high: The most.
        unit: `RATIO`, `COUNTED`, or that of the samples.
        gate: The bound, if there is one.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str = RATIO
    gate: Gate | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """What one set of rounds found.

    Attributes:
        title: A sentence without a full stop.
        unit: Of the rows' samples.
        rows: In the order of the page.
        base: Name of the row that the others are compared with, if any.
        notes: What a reader must know: what was asked, how often, over how many connections.
        figures: What follows.
    """

    title: str
    unit: str
    rows: Sequence[Row]
    base: str | None = None
    notes: Sequence[str] = ()
    figures: Sequence[Figure] = field(default_factory=list)


def figure(name: str, samples: Samples, formula: Formula, *, unit: str = RATIO, gate: Gate | None = None) -> Figure:
    """A figure computed in every round by itself, so that what slows a whole round down does not count."""
    rounds = [dict(zip(samples, values, strict=True)) for values in zip(*samples.values(), strict=True)]
    values = [formula(found) for found in rounds]
    return Figure(name=name, value=median(values), low=min(values), high=max(values), unit=unit, gate=gate)


def ratio(of: str, to: str) -> Formula:
    """How many times what one row costs another one does."""
    return lambda found: found[of] / found[to]


def addition(on: str, off: str, *, base: str, times: int = 1) -> Formula:
    """What switching something on makes of the base: 1 plus its own cost as a share of the base's.

    Args:
        on: The row with it.
        off: The row without it.
        base: The row that counts as 1.
        times: How many of it are on.
    """
    return lambda found: 1 + (found[on] - found[off]) / times / found[base]
