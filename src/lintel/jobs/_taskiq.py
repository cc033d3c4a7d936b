"""Ids of jobs over taskiq's brokers."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

if TYPE_CHECKING:
    from taskiq import AckableMessage, AsyncBroker

SEND_DEADLINE = 1.0
"""Seconds in which an id must be on its way; the first that is not ends the attempt."""
OPEN_DEADLINE = 10.0
CLOSE_DEADLINE = 0.5
PAUSE = 1.0
"""Seconds between two attempts while the broker is away."""
CANCELLATIONS = 5
TASK = "lintel.jobs.run"

_log = structlog.get_logger("lintel.jobs")


class TaskiqTransport:
    """Over any broker that taskiq has; only its messages are used, as the job's row holds everything else.

    Args:
        create_broker: Makes an unconnected broker: one to send with and one to receive with, and anew after an outage.

    Attributes:
        is_down: Whether the broker did not answer when it was last needed.

    Raises:
        ImportError: taskiq is not installed: extras `redis` and `rabbitmq` bring it.
    """

    def __init__(self, create_broker: Callable[[], "AsyncBroker"]) -> None:
        from taskiq import BrokerMessage  # noqa: PLC0415 - an optional extra

        self._message = BrokerMessage
        self._create_broker = create_broker
        self._sender: AsyncBroker | None = None
        self._opening = asyncio.Lock()
        self.is_down = False

    async def send(self, job_ids: Iterable[UUID]) -> None:
        """See `JobTransport.send`."""
        try:
            async with asyncio.timeout(SEND_DEADLINE):
                broker = await self._connected_sender()
            for job_id in job_ids:
                text = str(job_id)
                async with asyncio.timeout(SEND_DEADLINE):
                    await broker.kick(self._message(task_id=text, task_name=TASK, message=text.encode(), labels={}))
        except Exception as error:  # noqa: BLE001 - each broker has faults of its own, and none is the caller's
            self._note_failure(error)
            await self._forget_sender()
        else:
            self._note_success()

    async def received(self) -> AsyncGenerator[UUID, None]:
        """See `JobTransport.received`."""
        job_ids: asyncio.Queue[UUID] = asyncio.Queue(maxsize=1)
        stop = asyncio.Event()
        listening = asyncio.create_task(self._listen(job_ids, stop))
        try:
            while True:
                yield await job_ids.get()
        finally:
            stop.set()
            await _ended(listening)

    async def _listen(self, job_ids: asyncio.Queue[UUID], stop: asyncio.Event) -> None:
        while not stop.is_set():  # a broker may take a cancellation for the end of its messages
            try:
                async with self._receiver() as broker:
                    self._note_success()
                    async for message in broker.listen():
                        data = message if isinstance(message, bytes) else await _acknowledged(message)
                        with suppress(ValueError):
                            await job_ids.put(UUID(data.decode("ascii")))
            except Exception as error:  # noqa: BLE001 - as above
                self._note_failure(error)
            await asyncio.sleep(PAUSE)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Close the connection for sending when the block ends; it is made when first needed."""
        try:
            yield
        finally:
            await self._forget_sender()

    async def _connected_sender(self) -> "AsyncBroker":
        async with self._opening:
            if self._sender is None:
                broker = self._create_broker()
                try:
                    await broker.startup()
                except BaseException:
                    await _shut_down(broker)
                    raise
                self._sender = broker
            return self._sender

    async def _forget_sender(self) -> None:
        broker, self._sender = self._sender, None
        if broker is not None:
            await _shut_down(broker)

    @asynccontextmanager
    async def _receiver(self) -> AsyncIterator["AsyncBroker"]:
        broker = self._create_broker()
        broker.is_worker_process = True
        try:
            async with asyncio.timeout(OPEN_DEADLINE):
                await broker.startup()
            yield broker
        finally:
            await _shut_down(broker)

    def _note_failure(self, error: Exception) -> None:
        if not self.is_down:
            self.is_down = True
            _log.error(
                "the broker of jobs does not answer; workers look for jobs themselves", reason=type(error).__name__
            )

    def _note_success(self) -> None:
        if self.is_down:
            self.is_down = False
            _log.warning("the broker of jobs answers again")


async def _acknowledged(message: "AckableMessage") -> bytes:
    """What a message says; from here on the row's lease sees to it that the job is done."""
    async with asyncio.timeout(SEND_DEADLINE):
        done = message.ack()
        if done is not None:
            await done
    return message.data


async def _shut_down(broker: "AsyncBroker") -> None:
    """Close what a broker has connected, also where the other end no longer answers."""
    connections = [getattr(broker, name, None) for name in ("write_conn", "read_conn")]
    for close in (broker.shutdown, *(connection.close for connection in connections if connection is not None)):
        try:
            async with asyncio.timeout(CLOSE_DEADLINE):
                await close()
        except Exception as error:  # noqa: BLE001 - what is lost with a connection that is given up is nobody's concern
            _log.debug("a connection to the broker of jobs was not closed in order", reason=type(error).__name__)


async def _ended(task: "asyncio.Task[None]") -> None:
    """Cancel until it ends: Redis' client lost a cancellation in one of thirty tries."""
    for _ in range(CANCELLATIONS):
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=PAUSE)
        if done:
            return
