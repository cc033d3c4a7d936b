"""Many items of one request, each of which comes to an end of its own: what it became, or the error that it met."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from lintel.errors import Conflict, InvalidInput, NotFound, PermissionDenied, PreconditionFailed, ServiceError

T = TypeVar("T")
ResultT = TypeVar("ResultT")

ITEMS_OWN = (InvalidInput, PermissionDenied, NotFound, Conflict, PreconditionFailed)
"""Kinds of error that are about one item. Any other is about all of them, and ends or repeats the whole."""


async def each(
    items: Sequence[T | ServiceError], work: Callable[[T], Awaitable[ResultT]]
) -> list[ResultT | ServiceError]:
    """Do something with one item after another, before any unit of work: what becomes of each, in their order.

    Args:
        items: The items; those that have met an error already are left alone.
        work: Done with each of the others. An error that is about the item is its end, others are raised.
    """
    return [item if isinstance(item, ServiceError) else await _end(item, work) for item in items]


async def each_within(
    session: AsyncSession,
    items: Sequence[T | ServiceError],
    work: Callable[[T], Awaitable[ResultT]],
    *,
    order: Callable[[T], Any] | None = None,
) -> list[ResultT | ServiceError]:
    """The same within a unit of work: each item has a savepoint, so that what fails leaves nothing behind.

    Units that change the same rows must come to them in the same order, or one of them is undone and run again. So
    lock the rows first, or have the items worked on in an order that is everybody's.

    Args:
        session: Of the unit of work.
        items: The items; those that have met an error already are left alone.
        work: Done with each of the others, one after another.
        order: By what to take them one after another; as they stand without. Their ends stand as they do all the same.
    """

    async def saved(item: T) -> ResultT:
        async with session.begin_nested():
            return await work(item)

    ends: list[Any] = list(items)
    for place in _places(items, order):
        ends[place] = await _end(ends[place], saved)
    return ends


async def _end(item: T, work: Callable[[T], Awaitable[ResultT]]) -> ResultT | ServiceError:
    try:
        return await work(item)
    except ITEMS_OWN as error:
        return error


def _places(items: Sequence[T | ServiceError], order: Callable[[T], Any] | None) -> list[int]:
    good = [(place, item) for place, item in enumerate(items) if not isinstance(item, ServiceError)]
    if order is not None:
        good.sort(key=lambda placed: order(placed[1]))
    return [place for place, _ in good]
