"""Who does which kind of job."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Self, TypeVar
from uuid import UUID

from lintel.jobs._payload import JobPayload
from lintel.jobs._running import RunningJob

PayloadT = TypeVar("PayloadT", bound=JobPayload)
Handler = Callable[[PayloadT, RunningJob], Awaitable[Mapping[str, Any] | None]]
"""Does a job; what it returns is kept as the result, and may be shown. It may run more than once."""
OnEnd = Callable[[UUID], Awaitable[None]]
"""Told of a job that ended in `error` or `cancelled`, after that was written, also where the job's own worker had died.
It may be told twice, and not at all if the process dies at this moment."""


class Binding(NamedTuple):
    """A kind of job and who does it."""

    payload: type[JobPayload]
    handler: Handler[Any]
    on_end: OnEnd | None


class Handlers:
    """All handlers of a worker."""

    def __init__(self) -> None:
        self._bindings: dict[str, Binding] = {}

    def bind(self, payload: type[PayloadT], handler: Handler[PayloadT], *, on_end: OnEnd | None = None) -> Self:
        """Let this handler do this kind of job.

        Args:
            payload: The kind.
            handler: Does it.
            on_end: Told of those that end without being completed. What is cancelled before it begins ends in no
                worker, so whoever calls `JobQueue.cancel` sees to that.

        Raises:
            ValueError: Somebody does already.
        """
        if payload.kind in self._bindings:
            raise ValueError(f"there is a handler for {payload.kind} already")
        self._bindings[payload.kind] = Binding(payload, handler, on_end)
        return self

    async def ended(self, kind: str, job_id: UUID) -> bool:
        """Tell who wants to know that a job ended without being completed."""
        binding = self._bindings.get(kind)
        if binding is not None and binding.on_end is not None:
            await binding.on_end(job_id)
        return True

    @property
    def kinds(self) -> list[str]:
        """What can be done."""
        return list(self._bindings)

    def of(self, kind: str) -> Binding:
        """Who does this.

        Raises:
            KeyError: Nobody.
        """
        return self._bindings[kind]
