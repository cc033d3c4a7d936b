"""Jobs about batches."""

from collections.abc import Awaitable, Callable, Mapping

from app.jobs import ReadBatch, SettleBatches
from app.services.batch_reading import BatchReading
from app.services.container import Services
from lintel.jobs import Handlers, RunningJob


def bind(handlers: Handlers, services: Services) -> None:
    """Add the handlers of this module."""
    bind_reading(handlers, services.batch_reading)

    async def settle(_: SettleBatches, __: RunningJob) -> Mapping[str, int]:
        return {"settled": await services.batch_reading.give_up_all()}

    handlers.bind(SettleBatches, settle)


def bind_reading(handlers: Handlers, reading: BatchReading) -> Handlers:
    """Add the handler of `ReadBatch`."""
    return handlers.bind(ReadBatch, reader_of(reading), on_end=reading.give_up)


def reader_of(reading: BatchReading) -> Callable[[ReadBatch, RunningJob], Awaitable[None]]:
    """The handler of `ReadBatch`."""

    async def read_batch(payload: ReadBatch, job: RunningJob) -> None:
        await reading.run(payload.batch_id, job)

    return read_batch
