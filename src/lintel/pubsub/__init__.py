"""News between processes: a port, and messages in memory, over Redis and over PostgreSQL."""

from lintel.pubsub._configured import pubsub_of
from lintel.pubsub._memory import MemoryPubSub
from lintel.pubsub._port import MAX_BYTES, Message, PubSub, Resync, Subscription, check_channel
from lintel.pubsub._postgres import PostgresPubSub
from lintel.pubsub._redis import RedisPubSub

__all__ = [
    "MAX_BYTES",
    "MemoryPubSub",
    "Message",
    "PostgresPubSub",
    "PubSub",
    "RedisPubSub",
    "Resync",
    "Subscription",
    "check_channel",
    "pubsub_of",
]
