"""Lists of ids that one statement can take."""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import TypeVar

MAX_IDS = 500

IdT = TypeVar("IdT")


def batched(ids: Collection[IdT]) -> Iterator[list[IdT]]:
    """Ids in lists that one statement can take."""
    remaining = iter(ids)
    while some := list(islice(remaining, MAX_IDS)):
        yield some
