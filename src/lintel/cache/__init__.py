"""Answers kept for a while: a port, stores in memory and in Redis, and what happens when these are away."""

from lintel.cache._cache import Cache, everything
from lintel.cache._configured import cache_of
from lintel.cache._decorator import cache_result
from lintel.cache._failover import FailoverStore
from lintel.cache._generations import new_generation
from lintel.cache._key import CacheKey
from lintel.cache._memory import MemoryStore
from lintel.cache._port import CacheStore, StoreUnavailable
from lintel.cache._redis import RedisStore

__all__ = [
    "Cache",
    "CacheKey",
    "CacheStore",
    "FailoverStore",
    "MemoryStore",
    "RedisStore",
    "StoreUnavailable",
    "cache_of",
    "cache_result",
    "everything",
    "new_generation",
]
