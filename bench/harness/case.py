"""What a case is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.harness.figures import Table
from bench.harness.measure import Plan


class SkippedError(Exception):
    """What the case needs is not on this machine. The message says what, in one line."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A topic, measured by one call.

    Attributes:
        name: On the command line, and of the file of its figures.
        title: Its heading on the page.
        run: Measures, and returns its tables.
    """

    name: str
    title: str
    run: Callable[[Plan], Sequence[Table]]
