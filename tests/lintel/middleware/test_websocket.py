from collections.abc import Callable, MutableMapping
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.typing import EventDict

from lintel.errors import NotFound
from lintel.middleware import WebSocketMiddleware
from lintel.observability import WebSocketMetrics

pytestmark = pytest.mark.anyio

DENIAL: dict[str, dict[str, Any]] = {"websocket.http.response": {}}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def connect(registry: CollectorRegistry) -> Callable[..., Any]:
    """Runs an application behind the layer, and returns what it sent."""

    async def run(app: ASGIApp, *received: dict[str, Any], extensions: object = DENIAL) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []
        waiting = [{"type": "websocket.connect"}, *received]

        async def receive() -> MutableMapping[str, Any]:
            return waiting.pop(0)

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(dict(message))

        scope = {"type": "websocket", "path": "/ws", "headers": [], "extensions": extensions, "client": ("ip", 1)}
        await WebSocketMiddleware(app, WebSocketMetrics(registry))(scope, receive, send)
        return sent

    return run


def saying(*messages: dict[str, Any], error: Exception | None = None) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        if error is not None:
            raise error

    return app


ACCEPT = {"type": "websocket.accept"}


async def test_one_that_was_open_is_logged_once_and_counted(
    connect: Callable[..., Any], registry: CollectorRegistry, log_records: list[EventDict]
) -> None:
    seen: list[float | None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        seen.append(registry.get_sample_value("websocket_connections_open", {"endpoint": "unmatched"}))
        await receive()

    await connect(app, {"type": "websocket.disconnect", "code": 1001})
    assert seen == [1]
    assert registry.get_sample_value("websocket_connections_open", {"endpoint": "unmatched"}) == 0
    assert registry.get_sample_value("websocket_connections_total", {"endpoint": "unmatched"}) == 1
    [record] = log_records
    assert (record["event"], record["path"], record["status"], record["close_code"]) == ("websocket", "/ws", 101, 1001)


async def test_a_client_that_closes_with_1011_is_no_fault_of_ours(
    connect: Callable[..., Any], log_records: list[EventDict]
) -> None:
    async def app(_: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send(ACCEPT)
        await receive()

    await connect(app, {"type": "websocket.disconnect", "code": 1011})
    assert [(record["log_level"], record["close_code"]) for record in log_records] == [("info", 1011)]


@pytest.mark.parametrize(("code", "status"), [({}, 404), ({"code": 1000}, 404), ({"code": 1008}, 403)])
async def test_a_close_before_it_was_accepted_is_a_problem(
    connect: Callable[..., Any], log_records: list[EventDict], code: dict[str, int], status: int
) -> None:
    sent = await connect(saying({"type": "websocket.close", **code}))
    assert [message["type"] for message in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert sent[0]["status"] == status
    assert [record["status"] for record in log_records] == [status]


async def test_a_server_that_cannot_say_so_says_403(connect: Callable[..., Any]) -> None:
    sent = await connect(saying({"type": "websocket.close"}), extensions={})
    assert sent == [{"type": "websocket.close", "code": 1008}]


class TestExceptions:
    async def test_one_that_nobody_meant_closes_1011_and_is_logged(
        self, connect: Callable[..., Any], log_records: list[EventDict]
    ) -> None:
        sent = await connect(saying(ACCEPT, error=ZeroDivisionError()))
        assert sent[1:] == [{"type": "websocket.close", "code": 1011}]
        assert [record["log_level"] for record in log_records] == ["error", "error"]

    @pytest.mark.parametrize(("error", "status", "records"), [(ZeroDivisionError(), 500, 2), (NotFound(), 404, 1)])
    async def test_before_it_was_accepted_is_an_answer(
        self, connect: Callable[..., Any], log_records: list[EventDict], error: Exception, status: int, records: int
    ) -> None:
        sent = await connect(saying(error=error))
        assert sent[0]["status"] == status
        assert len(log_records) == records

    async def test_after_it_was_closed_is_only_logged(
        self, connect: Callable[..., Any], log_records: list[EventDict]
    ) -> None:
        closed = {"type": "websocket.close", "code": 1000}
        assert await connect(saying(ACCEPT, closed, error=ZeroDivisionError())) == [ACCEPT, closed]
        assert log_records[0]["event"] == "unhandled exception"
