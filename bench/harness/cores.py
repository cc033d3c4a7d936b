"""The server has a core to itself; everything else, the load included, is on another."""

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Cores:
    """Who runs where; None where processes cannot be pinned, or there is one core only.

    Attributes:
        server: The core of the server under test.
        others: The core of the load and of databases.
    """

    server: int | None
    others: int | None

    @classmethod
    def of_this_machine(cls) -> Self:
        """Two of the cores that this process may use. To be asked before anything is pinned."""
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        return cls(cores[0], cores[1]) if len(cores) > 1 else cls(None, None)


def pin(core: int | None) -> None:
    """Keep this process, and those it starts from now on, on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})
