"""Of many who ask the same at once, one goes and the others wait."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """Runs each piece of work once for all tasks of this process that want it at the same moment."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight[T]] = {}

    async def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]], *, patience: float) -> T:
        """What the work gives, or raises.

        The work ends when nobody waits for it any more.

        Args:
            key: Which work.
            work: Started unless it is under way.
            patience: Seconds to wait for what somebody else started.

        Raises:
            TooLong: Somebody else started it, and it is not done in time or was given up.
        """
        flight = self._flights.get(key)
        is_ours = flight is None
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.create_task(work()))
            flight.task.add_done_callback(lambda task: self._land(key, task))
        flight.waiting += 1
        try:
            await asyncio.wait({flight.task}, timeout=None if is_ours else patience)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._forget(key, flight.task)  # whoever comes now must not wait for what is being given up
                flight.task.cancel()
        if not flight.task.done() or flight.task.cancelled():
            raise TooLong
        return flight.task.result()

    def _land(self, key: Hashable, task: "asyncio.Task[T]") -> None:
        self._forget(key, task)
        if not task.cancelled():
            task.exception()  # looked at, also if nobody waited to the end

    def _forget(self, key: Hashable, task: "asyncio.Task[T]") -> None:
        flight = self._flights.get(key)
        if flight is not None and flight.task is task:
            del self._flights[key]


class TooLong(Exception):
    """What somebody else started is not done in time."""


@dataclass(slots=True, eq=False)
class _Flight(Generic[T]):
    task: "asyncio.Task[T]"
    waiting: int = 0
