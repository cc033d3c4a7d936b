from collections.abc import MutableMapping
from typing import Any

import pytest
from fastapi import WebSocketException
from starlette.websockets import WebSocket

from lintel.errors import PermissionDenied, Unauthenticated, Unavailable
from lintel.realtime import authenticated_socket, bearer_of, check_origin
from lintel.security import Access, Principal

pytestmark = pytest.mark.anyio

ACCESS = Access(Principal(1), 2.0)


def socket(*headers: tuple[str, str], subprotocols: tuple[str, ...] = (), sent: list[Any] | None = None) -> WebSocket:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if sent is not None:
            sent.append(dict(message))

    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "websocket", "headers": raw, "subprotocols": list(subprotocols), "path": "/"}
    return WebSocket(scope, receive, send)


class TestOrigin:
    @pytest.mark.parametrize(
        ("host", "origin"),
        [
            ("api.example.com", "https://api.example.com"),
            ("api.example.com:443", "https://api.example.com"),
            ("API.example.com", "https://api.EXAMPLE.com:443"),
            ("localhost:8000", "http://localhost:8000"),
            ("[::1]:8000", "http://[::1]:8000"),
            ("api.example.com", "https://app.example.com"),
        ],
    )
    def test_our_own_pages_and_those_that_are_named_may_connect(self, host: str, origin: str) -> None:
        check_origin(socket(("host", host), ("origin", origin)), ["https://app.example.com"])

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "https://api.example.com.evil.example",
            "https://api.example.com:8443",
            "http://app.example.com",
            "null",
            "",
            "file://",
            "ws://api.example.com",
            "https://[",
            "https://api.example.com:x",
        ],
    )
    def test_others_may_not(self, origin: str) -> None:
        with pytest.raises(PermissionDenied):
            check_origin(socket(("host", "api.example.com"), ("origin", origin)), ["https://app.example.com"])

    def test_two_origins_are_one_too_many(self) -> None:
        origins = [("origin", "https://app.example.com")] * 2
        with pytest.raises(PermissionDenied):
            check_origin(socket(("host", "x"), *origins), ["https://app.example.com"])

    def test_any_may_where_any_may(self) -> None:
        check_origin(socket(("host", "x"), ("origin", "https://evil.example")), ["*"])

    def test_who_has_none_is_no_browser(self) -> None:
        check_origin(socket(("host", "x")), [])


class TestBearer:
    @pytest.mark.parametrize(
        ("header", "subprotocols", "expected"),
        [
            ("Bearer abc", (), "abc"),
            ("bearer  abc ", (), "abc"),
            ("Basic abc", (), None),
            ("Bearer", (), None),
            ("", ("bearer", "abc"), "abc"),
            ("", ("bearer",), None),
            ("", ("other", "abc"), None),
            ("", ("bearer", "abc", "more"), None),
            ("", (), None),
        ],
    )
    def test_is_of_the_header_or_of_two_subprotocols(
        self, header: str, subprotocols: tuple[str, ...], expected: str | None
    ) -> None:
        headers = [("authorization", header)] if header else []
        assert bearer_of(socket(*headers, subprotocols=subprotocols)) == expected


class TestAuthenticated:
    async def test_one_who_is_known_is_accepted(self) -> None:
        async def identify() -> Access:
            return ACCESS

        sent: list[Any] = []
        assert await authenticated_socket(socket(subprotocols=("bearer", "x"), sent=sent), identify) == ACCESS
        assert [(message["type"], message["subprotocol"]) for message in sent] == [("websocket.accept", "bearer")]

    @pytest.mark.parametrize("error", [Unauthenticated, PermissionDenied])
    async def test_one_who_is_not_is_told_why(self, error: type[Exception]) -> None:
        async def identify() -> Access:
            raise error

        sent: list[Any] = []
        with pytest.raises(WebSocketException) as closed:
            await authenticated_socket(socket(sent=sent), identify)
        assert closed.value.code == 4401
        assert [message["type"] for message in sent] == ["websocket.accept"]

    async def test_an_outage_is_no_refusal(self) -> None:
        async def identify() -> Access:
            raise Unavailable

        sent: list[Any] = []
        with pytest.raises(Unavailable):
            await authenticated_socket(socket(sent=sent), identify)
        assert sent == []
