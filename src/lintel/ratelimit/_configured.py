"""What the settings ask for."""

from lintel.ratelimit._failover import FailoverRateLimiter
from lintel.ratelimit._memory import MemoryRateLimiter
from lintel.ratelimit._port import Policy, RateLimiter
from lintel.ratelimit._redis import RedisRateLimiter
from lintel.settings import LintelSettings

MINUTE = 60


def default_policy(settings: LintelSettings) -> Policy | None:
    """How often one caller may ask for anything at all; None: as often as they like."""
    return minute_policy("default", settings.rate_limit_per_minute)


def minute_policy(name: str, limit: int) -> Policy | None:
    """So many requests a minute; None: any number."""
    return Policy(name, limit, MINUTE) if limit else None


def rate_limiter_of(settings: LintelSettings) -> RateLimiter:
    """Counters in Redis where `REDIS_URL` names one, else in memory. Nothing is connected yet.

    Raises:
        ImportError: There is a `REDIS_URL`, but the extra `redis` is not installed.
    """
    if settings.redis_url is None:
        return MemoryRateLimiter()
    url = settings.redis_url.get_secret_value()
    return FailoverRateLimiter(RedisRateLimiter(url, prefix=f"{settings.app_name}:ratelimit"))
