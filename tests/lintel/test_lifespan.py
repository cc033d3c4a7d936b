from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from fastapi import FastAPI

from lintel.lifespan import Resource, lifespan_of

pytestmark = pytest.mark.anyio

Named = Callable[..., Resource]


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def named(events: list[str]) -> Named:
    """A resource that notes when it is opened and closed."""

    def resource(name: str, *, fails: str = "") -> Resource:
        @asynccontextmanager
        async def open_it() -> AsyncIterator[None]:
            if fails == "opening":
                raise RuntimeError(name)
            events.append(f"{name} opened")
            try:
                yield
            finally:
                events.append(f"{name} closed")
            if fails == "closing":
                raise RuntimeError(name)

        return open_it

    return resource


def running(*resources: Resource) -> AbstractAsyncContextManager[None]:
    return lifespan_of(resources)(FastAPI())


class TestLifespanOf:
    async def test_opens_in_order_and_closes_in_reverse(self, events: list[str], named: Named) -> None:
        async with running(named("a"), named("b"), named("c")):
            assert events == ["a opened", "b opened", "c opened"]
        assert events[3:] == ["c closed", "b closed", "a closed"]

    async def test_nothing_to_open_is_well(self) -> None:
        async with running() as held:
            assert held is None

    async def test_a_resource_that_cannot_be_opened_closes_those_before_it(
        self, events: list[str], named: Named
    ) -> None:
        with pytest.raises(RuntimeError, match="c"):
            async with running(named("a"), named("b"), named("c", fails="opening"), named("d")):
                events.append("served")
        assert events == ["a opened", "b opened", "b closed", "a closed"]

    async def test_a_resource_that_cannot_be_closed_does_not_keep_the_others_open(
        self, events: list[str], named: Named
    ) -> None:
        with pytest.raises(RuntimeError, match="b"):
            async with running(named("a"), named("b", fails="closing"), named("c")):
                events.clear()
        assert events == ["c closed", "b closed", "a closed"]

    async def test_a_failure_while_serving_closes_all(self, events: list[str], named: Named) -> None:
        with pytest.raises(OSError, match="power"):
            async with running(named("a"), named("b")):
                raise OSError("power")
        assert events[2:] == ["b closed", "a closed"]

    async def test_each_start_opens_anew(self, events: list[str], named: Named) -> None:
        lifespan = lifespan_of([named("a")])
        for _ in range(2):
            async with lifespan(FastAPI()):
                pass
        assert events == ["a opened", "a closed"] * 2
