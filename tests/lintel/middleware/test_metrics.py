"""The layer that counts and times every request."""

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from starlette.types import Receive, Scope, Send

from lintel.middleware import HeadMiddleware, MetricsMiddleware
from lintel.observability import Metrics
from lintel.routing import Router, install_route_index
from lintel.testing import asgi_request
from tests.metrics import samples

pytestmark = pytest.mark.anyio

Labels = tuple[str, ...]


class Service:
    """Two versions of a resource, behind the layer."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.started, self.go_on = asyncio.Event(), asyncio.Event()
        app = FastAPI()
        for version in ("/v1", "/v2"):
            app.include_router(self._words(), prefix=version)
        install_route_index(app.router)
        self.app = MetricsMiddleware(HeadMiddleware(app), self.metrics.http)

    def _words(self) -> APIRouter:
        router = Router(prefix="/words")

        @router.get("/{word_id}")
        async def read_word(word_id: int) -> int:
            return word_id

        @router.post("/{word_id}")
        async def fail(word_id: int) -> None:
            raise ZeroDivisionError

        @router.put("/{word_id}")
        async def wait(word_id: int) -> None:
            self.started.set()
            await self.go_on.wait()

        return router

    async def ask(self, method: str, path: str) -> int:
        return (await asgi_request(self.app, method, path)).status

    def values(self, name: str) -> dict[Labels, float]:
        return samples(self.metrics.text(), name)


@pytest.fixture
async def service() -> Service:
    return Service()


class TestCounting:
    async def test_known_traffic_is_the_difference_between_two_scrapes(self, service: Service) -> None:
        """MON-01."""
        await service.ask("GET", "/v1/words/1")
        before = service.values("http_requests_total"), service.values("http_request_duration_seconds_count")
        for _ in range(5):
            await service.ask("GET", "/v1/words/1")
        after = service.values("http_requests_total"), service.values("http_request_duration_seconds_count")
        assert after[0][("GET", "/v1/words/{word_id}", "200")] - before[0][("GET", "/v1/words/{word_id}", "200")] == 5
        assert after[1][("GET", "/v1/words/{word_id}")] - before[1][("GET", "/v1/words/{word_id}")] == 5
        assert service.values("http_active_requests") == {("GET", "/v1/words/{word_id}"): 0}

    async def test_a_thousand_ids_are_one_series(self, service: Service) -> None:
        """TRAP-97."""
        for number in range(1_000):
            await service.ask("GET", f"/v1/words/{number}")
        assert service.values("http_requests_total") == {("GET", "/v1/words/{word_id}", "200"): 1_000}

    async def test_versions_are_apart(self, service: Service) -> None:
        for path in ("/v1/words/1", "/v2/words/1", "/v2/words/1"):
            await service.ask("GET", path)
        assert service.values("http_requests_total") == {
            ("GET", "/v1/words/{word_id}", "200"): 1,
            ("GET", "/v2/words/{word_id}", "200"): 2,
        }

    async def test_paths_and_methods_that_nobody_has_are_one_series_each(self, service: Service) -> None:
        for number in range(10):
            await service.ask("GET", f"/nowhere/{number}")
            await service.ask(f"BREW{number}", "/nowhere")
            await service.ask("DELETE", f"/v1/words/{number}")
        assert service.values("http_requests_total") == {
            ("GET", "unmatched", "404"): 10,
            ("other", "unmatched", "404"): 10,
            ("DELETE", "/v1/words/{word_id}", "405"): 10,
        }

    async def test_a_refused_request_counts_for_its_route(self, service: Service) -> None:
        await service.ask("GET", "/v1/words/x")
        assert service.values("http_requests_total") == {("GET", "/v1/words/{word_id}", "422"): 1}

    async def test_head_is_counted_as_such(self, service: Service) -> None:
        await service.ask("HEAD", "/v1/words/1")
        assert service.values("http_requests_total") == {("HEAD", "/v1/words/{word_id}", "200"): 1}
        assert service.values("http_active_requests") == {("HEAD", "/v1/words/{word_id}"): 0}

    async def test_an_exception_is_counted_and_passed_on(self, service: Service) -> None:
        """TRAP-96."""
        answer = await asgi_request(service.app, "POST", "/v1/words/1")
        assert isinstance(answer.raised, ZeroDivisionError)
        assert service.values("http_requests_total") == {("POST", "/v1/words/{word_id}", "500"): 1}
        assert service.values("http_active_requests") == {("POST", "/v1/words/{word_id}"): 0}

    async def test_who_left_before_an_answer_is_a_499(self) -> None:
        async def left(scope: Scope, receive: Receive, send: Send) -> None: ...

        metrics = Metrics()
        with pytest.raises(AssertionError):
            await asgi_request(MetricsMiddleware(left, metrics.http), "GET", "/")
        assert samples(metrics.text(), "http_requests_total") == {("GET", "unmatched", "499"): 1}

    async def test_only_requests_are(self) -> None:
        seen: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["type"])

        async def nothing(*_: Any) -> Any: ...

        metrics = Metrics()
        for kind in ("lifespan", "websocket"):
            await MetricsMiddleware(app, metrics.http)({"type": kind}, nothing, nothing)
        assert seen == ["lifespan", "websocket"]
        assert samples(metrics.text(), "http_requests_total") == {}


class TestInFlight:
    async def test_is_known_by_route_while_the_answer_is_made(self, service: Service) -> None:
        asking = asyncio.create_task(service.ask("PUT", "/v1/words/1"))
        await service.started.wait()
        assert service.values("http_active_requests") == {("PUT", "/v1/words/{word_id}"): 1}
        service.go_on.set()
        await asking
        assert service.values("http_active_requests") == {("PUT", "/v1/words/{word_id}"): 0}

    async def test_ends_with_a_request_that_is_cancelled(self, service: Service) -> None:
        asking = asyncio.create_task(service.ask("PUT", "/v1/words/1"))
        await service.started.wait()
        asking.cancel()
        await asyncio.wait([asking])
        assert service.values("http_active_requests") == {("PUT", "/v1/words/{word_id}"): 0}
