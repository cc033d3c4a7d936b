"""What the settings ask for."""

from lintel.db import writer_url
from lintel.pubsub._memory import MemoryPubSub
from lintel.pubsub._port import PubSub
from lintel.pubsub._postgres import PostgresPubSub
from lintel.pubsub._redis import RedisPubSub
from lintel.settings import LintelSettings


def pubsub_of(settings: LintelSettings) -> PubSub:
    """Over Redis where `REDIS_URL` names one, else over PostgreSQL where that is the database, else in memory.

    Nothing is connected yet. That several processes have something that carries messages between them, the settings see
    to.

    Raises:
        ImportError: The extra `redis` or `postgres` is needed and not installed.
    """
    if settings.redis_url is not None:
        return RedisPubSub(settings.redis_url.get_secret_value(), prefix=f"{settings.app_name}:pubsub")
    url = writer_url(settings)
    if url.get_backend_name() == "postgresql":
        return PostgresPubSub(url)
    return MemoryPubSub()
