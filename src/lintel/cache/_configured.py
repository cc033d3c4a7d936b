"""What the settings ask for."""

from lintel.cache._cache import Cache, everything
from lintel.cache._failover import FailoverStore
from lintel.cache._key import escaped
from lintel.cache._memory import MemoryStore
from lintel.cache._port import CacheStore
from lintel.cache._redis import RedisStore
from lintel.settings import LintelSettings

REPLICA_LAG = 5.0
"""Seconds after a change in which nothing is kept, where reads come from a replica."""


def cache_of(settings: LintelSettings) -> Cache:
    """A cache in Redis where `REDIS_URL` names one, else in memory; none with `ENABLE_CACHING=false`.

    Nothing is connected yet.

    Raises:
        ImportError: There is a `REDIS_URL`, but the extra `redis` is not installed.
    """
    # What one version has written need not be what another can read.
    namespace = f"{escaped(settings.app_name)}:{escaped(settings.app_version)}:cache"
    store = _store_of(settings, namespace) if settings.enable_caching else None
    lag = REPLICA_LAG if settings.database_reader_url else 0.0
    return Cache(store, namespace=namespace, ttl=settings.cache_ttl_default, settle=lag)


def _store_of(settings: LintelSettings, namespace: str) -> CacheStore:
    if settings.redis_url is None:
        return MemoryStore(max_bytes=settings.cache_max_bytes)
    return FailoverStore(RedisStore(settings.redis_url.get_secret_value()), everything=everything(namespace))
