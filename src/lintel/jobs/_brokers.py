"""The brokers that a URL can name."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lintel.jobs._taskiq import TaskiqTransport

if TYPE_CHECKING:
    from taskiq import AsyncBroker

PREFETCHED = 1
"""Messages that a worker has before it asks for them: with one, those who are free get the next job."""
MAX_KEPT = 100_000
"""Ids in Redis' stream; beyond it the oldest go, and workers find their jobs in the table."""
LOCK_SECONDS = 5.0


def transport_of(url: str, *, name: str) -> TaskiqTransport:
    """The transport for `redis://…`, `rediss://…`, `amqp://…` or `amqps://…`; nothing is connected yet.

    Args:
        url: The broker.
        name: Of the stream or queue; services that share a broker need names of their own.

    Raises:
        ImportError: The extra `redis` or `rabbitmq` is not installed.
    """
    create = _amqp(url, name) if urlsplit(url).scheme in {"amqp", "amqps"} else _redis(url, name)
    return TaskiqTransport(create)


def _amqp(url: str, name: str) -> "Callable[[], AsyncBroker]":
    from aio_pika import Connection  # noqa: PLC0415 - an optional extra
    from taskiq_aio_pika import AioPikaBroker, Exchange, Queue  # noqa: PLC0415 - an optional extra

    def create() -> "AsyncBroker":
        return AioPikaBroker(
            url,
            qos=PREFETCHED,
            # One that connects anew by itself cannot be given up while it does: it goes on for ever, and so does the
            # loop it runs in. The transport connects anew.
            connection_class=Connection,
            exchange=Exchange(name=name),
            task_queues=[Queue(name=name)],
            dead_letter_queue=Queue(name=f"{name}.dead"),
        )

    return create


def _redis(url: str, name: str) -> "Callable[[], AsyncBroker]":
    from taskiq_redis import RedisStreamBroker  # noqa: PLC0415 - an optional extra

    def create() -> "AsyncBroker":
        return RedisStreamBroker(
            url,
            queue_name=name,
            consumer_group_name=name,
            consumer_id="0",  # what was sent before the first worker came, too
            maxlen=MAX_KEPT,
            xread_count=PREFETCHED,
            unacknowledged_lock_timeout=LOCK_SECONDS,
        )

    return create
