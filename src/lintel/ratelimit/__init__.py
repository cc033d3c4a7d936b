"""How often somebody may ask: a port, counters in memory and in Redis, and what happens when these are away."""

from lintel.ratelimit._clients import client_key, network_of
from lintel.ratelimit._configured import default_policy, rate_limiter_of
from lintel.ratelimit._failover import FailoverRateLimiter
from lintel.ratelimit._memory import MemoryRateLimiter
from lintel.ratelimit._openapi import declare_rate_limits
from lintel.ratelimit._port import CountersUnavailable, Decision, Policy, RateLimit, RateLimiter
from lintel.ratelimit._redis import RedisRateLimiter
from lintel.ratelimit._throttle import Throttle

__all__ = [
    "CountersUnavailable",
    "Decision",
    "FailoverRateLimiter",
    "MemoryRateLimiter",
    "Policy",
    "RateLimit",
    "RateLimiter",
    "RedisRateLimiter",
    "Throttle",
    "client_key",
    "declare_rate_limits",
    "default_policy",
    "network_of",
    "rate_limiter_of",
]
