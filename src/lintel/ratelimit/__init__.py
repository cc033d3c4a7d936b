"""How often somebody may ask: a port, counters in memory and in Redis, and what happens when these are away."""

from lintel.ratelimit._clients import client_key, network_of
from lintel.ratelimit._configured import default_policy, minute_policy, rate_limiter_of
from lintel.ratelimit._costs import GENERAL, CostTable, UnknownPolicyError, costs
from lintel.ratelimit._failover import FailoverRateLimiter
from lintel.ratelimit._memory import MemoryRateLimiter
from lintel.ratelimit._openapi import declare_rate_limits
from lintel.ratelimit._port import (
    ANONYMOUS,
    Caller,
    Charge,
    CountersUnavailable,
    Decision,
    Policy,
    RateLimit,
    RateLimiter,
)
from lintel.ratelimit._redis import RedisRateLimiter
from lintel.ratelimit._tally import Tally, charge, keep_tally, seconds_of
from lintel.ratelimit._throttle import Throttle

__all__ = [
    "ANONYMOUS",
    "GENERAL",
    "Caller",
    "Charge",
    "CostTable",
    "CountersUnavailable",
    "Decision",
    "FailoverRateLimiter",
    "MemoryRateLimiter",
    "Policy",
    "RateLimit",
    "RateLimiter",
    "RedisRateLimiter",
    "Tally",
    "Throttle",
    "UnknownPolicyError",
    "charge",
    "client_key",
    "costs",
    "declare_rate_limits",
    "default_policy",
    "keep_tally",
    "minute_policy",
    "network_of",
    "rate_limiter_of",
    "seconds_of",
]
