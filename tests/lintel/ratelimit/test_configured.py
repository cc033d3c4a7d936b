import pytest

from lintel.ratelimit import (
    FailoverRateLimiter,
    MemoryRateLimiter,
    Policy,
    default_policy,
    minute_policy,
    rate_limiter_of,
)
from lintel.settings import LintelSettings, load_settings


def settings(**values: object) -> LintelSettings:
    return load_settings(LintelSettings, env_file=None, **values)


class TestPolicy:
    def test_is_a_hundred_a_minute_unless_set_otherwise(self) -> None:
        assert default_policy(settings()) == Policy("default", limit=100, window=60)
        assert default_policy(settings(rate_limit_per_minute=60)) == Policy("default", limit=60, window=60)

    def test_there_is_none_where_it_is_switched_off(self) -> None:
        assert default_policy(settings(rate_limit_per_minute=0)) is None

    def test_others_are_by_the_minute_too(self) -> None:
        assert minute_policy("texts", 7) == Policy("texts", limit=7, window=60)
        assert minute_policy("texts", 0) is None


class TestLimiter:
    def test_counts_in_memory_unless_there_is_a_redis(self) -> None:
        assert isinstance(rate_limiter_of(settings()), MemoryRateLimiter)

    @pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1"])
    def test_counts_in_redis_where_there_is_one(self, url: str) -> None:
        assert isinstance(rate_limiter_of(settings(redis_url=url)), FailoverRateLimiter)
