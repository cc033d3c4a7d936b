from types import SimpleNamespace

import pytest

from lintel.cache import CacheKey, FailoverStore, MemoryStore, cache_of, cache_result
from lintel.settings import LintelSettings, load_settings

pytestmark = pytest.mark.anyio


def settings(**values: object) -> LintelSettings:
    return load_settings(LintelSettings, env_file=None, **values)


class TestStore:
    def test_is_memory_unless_there_is_a_redis(self) -> None:
        assert isinstance(cache_of(settings())._store, MemoryStore)

    @pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1"])
    def test_is_redis_where_there_is_one(self, url: str) -> None:
        assert isinstance(cache_of(settings(redis_url=url))._store, FailoverStore)

    @pytest.mark.parametrize("url", [None, "redis://127.0.0.1:1/0"])
    def test_there_is_none_where_caching_is_off(self, url: str | None) -> None:
        assert not cache_of(settings(redis_url=url, enable_caching=False)).enabled


class TestNamespace:
    async def test_is_of_application_and_version(self) -> None:
        caches = [
            cache_of(settings(app_name=name, app_version=version))
            for name, version in (("Words", "1"), ("Words:1", "2"), ("Words", "1:2"))
        ]
        assert len({cache._prefix for cache in caches}) == 3

    async def test_a_replica_is_given_time(self) -> None:
        cache, calls = cache_of(settings(database_reader_url="postgresql://replica/words")), []

        async def load() -> None:
            calls.append(1)

        for _ in range(2):
            await cache.get_or_load(CacheKey.public("words"), load, ttl=60)
        assert len(calls) == 2


class TestLifetime:
    async def test_is_that_of_the_settings_where_nothing_else_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cache, now, calls = cache_of(settings(cache_ttl_default=60)), [0.0], []
        monkeypatch.setattr("cashews.backends.memory.time", SimpleNamespace(time=lambda: 1_000_000 + now[0]))

        @cache_result(cache, public=True)
        async def words() -> None:
            calls.append(1)

        for second in (0.0, 50.0, 61.0):
            now[0] = second
            await words()
        assert len(calls) == 2
