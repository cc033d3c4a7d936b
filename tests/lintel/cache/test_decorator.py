from typing import Any

import pytest
from pydantic import BaseModel

from lintel.cache import Cache, MemoryStore, cache_result
from lintel.security import Principal

pytestmark = pytest.mark.anyio

ADA = Principal(1)
BOB = Principal(2)


class Query(BaseModel):
    page: int = 1


class Found(BaseModel):
    words: list[str]


@pytest.fixture
def cache() -> Cache:
    return Cache(MemoryStore(), namespace="Words")


class TestCalls:
    async def test_are_answered_once_for_each_set_of_arguments(self, cache: Cache) -> None:
        calls: list[tuple[object, ...]] = []

        @cache_result(cache, expire=3600, public=True)
        async def words(query: Query, *extra: str, size: int = 20) -> Found:
            """Find words."""
            calls.append((query.page, extra, size))
            return Found(words=["a"])

        for _ in range(2):
            assert await words(Query()) == Found(words=["a"])
            await words(Query(page=1), size=20)
            await words(Query(page=2))
            await words(Query(), size=21)
        assert calls == [(1, (), 20), (2, (), 20), (1, (), 21)]
        assert (words.__name__, words.__doc__) == ("words", "Find words.")

    async def test_a_principal_keeps_answers_apart(self, cache: Cache) -> None:
        @cache_result(cache)
        async def mine(principal: Principal, number: int) -> list[int]:
            return [principal.id, number]

        for _ in range(2):
            assert [await mine(ADA, 1), await mine(BOB, number=1)] == [[1, 1], [2, 1]]

    async def test_functions_of_one_name_are_two(self, cache: Cache) -> None:
        def make(answer: str) -> Any:
            @cache_result(cache, public=True)
            async def words() -> str:
                return answer

            words_of: Any = words
            return words_of

        def make_other(answer: str) -> Any:
            @cache_result(cache, public=True)
            async def words() -> str:
                return answer

            return words

        assert [await make("a")(), await make_other("b")()] == ["a", "b"]

    async def test_a_change_ends_them(self, cache: Cache) -> None:
        calls = []

        @cache_result(cache, public=True, depends_on=["words"])
        async def words() -> None:
            calls.append(1)

        for _ in range(2):
            await words()
        await cache.invalidate("words")
        await words()
        assert len(calls) == 2

    async def test_an_argument_that_means_nothing_elsewhere_is_refused(self, cache: Cache) -> None:
        @cache_result(cache, public=True)
        async def words(session: object) -> None: ...

        with pytest.raises(TypeError, match="object cannot be part of a cache key"):
            await words(object())


class TestDeclaration:
    async def test_must_say_for_whom(self, cache: Cache) -> None:
        async def words() -> None: ...
        async def mine(principal: Principal) -> None: ...
        async def ours(principal: Principal, other: Principal) -> None: ...

        for function, public in ((words, False), (mine, True), (ours, False)):
            with pytest.raises(TypeError, match="public=True"):
                cache_result(cache, public=public)(function)
