"""Each layer by itself, around a small application."""

from collections.abc import AsyncIterable, Callable

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict

from lintel.context import current_request_id
from lintel.errors import MEDIA_TYPE, Unavailable, install_error_handlers
from lintel.middleware import (
    AccessLogMiddleware,
    BodyTimeoutMiddleware,
    ErrorBoundaryMiddleware,
    HeadMiddleware,
    PlainErrorsMiddleware,
    RateLimitMiddleware,
    RequestContextMiddleware,
    SecurityHeadersMiddleware,
    StrictHttpMiddleware,
    TrailingSlashMiddleware,
    TrustedHostMiddleware,
    wrap_in_middleware,
)
from lintel.ratelimit import MemoryRateLimiter, Policy, RateLimit
from lintel.settings import HttpSettings, load_settings
from lintel.testing import asgi_request

pytestmark = pytest.mark.anyio

LAYERS: list[Callable[[ASGIApp], ASGIApp]] = [
    AccessLogMiddleware,
    ErrorBoundaryMiddleware,
    HeadMiddleware,
    PlainErrorsMiddleware,
    lambda app: RateLimitMiddleware(app, RateLimit(limiter=MemoryRateLimiter(), policy=Policy("default", 1, 60))),
    RequestContextMiddleware,
    lambda app: BodyTimeoutMiddleware(app, seconds=1),
    lambda app: SecurityHeadersMiddleware(app, hsts_seconds=1),
    lambda app: StrictHttpMiddleware(app, max_url_bytes=1, max_header_bytes=1),
    TrailingSlashMiddleware,
    lambda app: TrustedHostMiddleware(app, allowed_hosts=["x"]),
]


async def show(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {request.scope['path']} {current_request_id()}")


async def refuse(_: Request) -> Response:
    return PlainTextResponse("No.", status_code=409, headers={"X-Kept": "yes"})


SMALL = Starlette(routes=[Route("/show", show, methods=["GET", "POST"]), Route("/refuse", refuse)])
SMALL.router.redirect_slashes = False


class TestEveryLayer:
    @pytest.mark.parametrize("layer", LAYERS)
    async def test_leaves_the_lifespan_alone(self, layer: Callable[[ASGIApp], ASGIApp]) -> None:
        seen: list[str] = []

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            seen.append(scope["type"])

        async def nothing() -> None: ...

        await layer(app)({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]
        assert seen == ["lifespan"]


class TestRequestContext:
    async def test_the_id_holds_for_the_request_only(self) -> None:
        answer = await asgi_request(RequestContextMiddleware(SMALL), "GET", "/show")
        assert answer.text == f"GET /show {answer.header('x-request-id')}"
        assert current_request_id() is None

    async def test_every_answer_says_how_long_it_took(self) -> None:
        answer = await asgi_request(RequestContextMiddleware(SMALL), "GET", "/show")
        assert 0 < float(answer.header("x-process-time") or 0) < 10


class TestAccessLog:
    async def test_a_request_is_one_record(self, log_records: list[EventDict]) -> None:
        await asgi_request(AccessLogMiddleware(SMALL), "POST", "/show", query=b"token=secret", client=None)
        assert len(log_records) == 1
        record = log_records[0]
        assert (record["method"], record["path"], record["status"], record["client"]) == ("POST", "/show", 200, None)
        assert "secret" not in str(record)

    async def test_a_client_that_left_before_an_answer_is_a_499(self, log_records: list[EventDict]) -> None:
        async def left(scope: Scope, receive: Receive, send: Send) -> None: ...

        with pytest.raises(AssertionError):
            await asgi_request(AccessLogMiddleware(left), "GET", "/show")
        assert (log_records[0]["status"], log_records[0]["log_level"]) == (499, "info")

    async def test_other_messages_pass_uncounted(self, log_records: list[EventDict]) -> None:
        sent: list[str] = []

        async def hints(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.early_hint", "links": []})
            await PlainTextResponse("four")(scope, receive, send)

        async def send(message: Message) -> None:
            sent.append(message["type"])

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None}
        await AccessLogMiddleware(hints)(scope, receive, send)
        assert sent == ["http.response.early_hint", "http.response.start", "http.response.body"]
        assert log_records[0]["bytes"] == 4

    async def test_a_server_without_raw_paths_gets_a_safe_one(self, log_records: list[EventDict]) -> None:
        async def without_raw_path(scope: Scope, receive: Receive, send: Send) -> None:
            await AccessLogMiddleware(SMALL)({k: v for k, v in scope.items() if k != "raw_path"}, receive, send)

        await asgi_request(without_raw_path, "GET", "/a\nb\u202e")
        assert log_records[0]["path"] == r"/a\nb\u202e"


class TestErrorBoundary:
    async def test_an_exception_of_a_layer_before_any_answer_is_a_500_that_says_nothing(
        self, log_records: list[EventDict]
    ) -> None:
        async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
            raise RuntimeError("canary")

        answer = await asgi_request(ErrorBoundaryMiddleware(breaks), "GET", "/")
        assert (answer.status, answer.header("content-type"), answer.raised) == (500, MEDIA_TYPE, None)
        assert "canary" not in answer.text
        assert len(log_records) == 1

    async def test_an_exception_after_the_answer_began_is_logged_and_ends_there(
        self, log_records: list[EventDict]
    ) -> None:
        async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
            await PlainTextResponse("begun")(scope, receive, send)
            raise RuntimeError("late")

        answer = await asgi_request(ErrorBoundaryMiddleware(breaks), "GET", "/")
        assert (answer.text, answer.raised) == ("begun", None)
        assert [record["event"] for record in log_records] == ["unhandled exception"]

    @pytest.mark.parametrize(
        ("error", "event", "level"),
        [(Unavailable(), "an answer was cut off", "warning"), (ValueError(), "unhandled exception", "error")],
    )
    async def test_what_was_meant_cuts_an_answer_off_in_one_line(
        self, log_records: list[EventDict], error: Exception, event: str, level: str
    ) -> None:
        app = FastAPI()
        install_error_handlers(app)

        @app.get("/")
        async def stream() -> AsyncIterable[int]:
            yield 1
            raise error

        answer = await asgi_request(ErrorBoundaryMiddleware(app), "GET", "/")
        assert (answer.status, answer.raised) == (200, None)
        assert [(record["event"], record["log_level"]) for record in log_records] == [(event, level)]


class TestPlainErrors:
    async def test_a_plain_error_becomes_a_problem_and_keeps_its_headers(self) -> None:
        answer = await asgi_request(PlainErrorsMiddleware(SMALL), "GET", "/refuse")
        assert (answer.status, answer.header("content-type"), answer.header("x-kept")) == (409, MEDIA_TYPE, "yes")
        assert answer.header("content-length") == str(len(answer.body))

    async def test_other_answers_pass(self) -> None:
        assert (await asgi_request(PlainErrorsMiddleware(SMALL), "GET", "/show")).text.startswith("GET /show")


class TestSecurityHeaders:
    async def test_an_answer_keeps_its_own(self) -> None:
        async def own(_: Request) -> Response:
            return PlainTextResponse("", headers={"Content-Security-Policy": "own", "Cache-Control": "private"})

        app = SecurityHeadersMiddleware(Starlette(routes=[Route("/", own)]), hsts_seconds=0)
        answer = await asgi_request(app, "GET", "/", headers=[(b"cookie", b"a=b")], scheme="https")
        assert answer.headers_all("content-security-policy") == ["own"]
        assert answer.headers_all("cache-control") == ["private"]
        assert answer.header("strict-transport-security") is None


class TestTrailingSlash:
    @pytest.mark.parametrize(("path", "status"), [("/show/", 200), ("/show//", 404), ("/show", 200), ("//", 404)])
    async def test_one_slash_is_dropped(self, path: str, status: int) -> None:
        assert (await asgi_request(TrailingSlashMiddleware(SMALL), "GET", path)).status == status


class TestStack:
    async def test_leaves_event_streams_uncompressed(self) -> None:
        """TRAP-105: an event held back until there is enough to compress is late."""

        async def events(_: Request) -> Response:
            return Response("data: x\n\n" * 1_000, media_type="text/event-stream")

        app = wrap_in_middleware(Starlette(routes=[Route("/", events)]), load_settings(HttpSettings, env_file=None))
        answer = await asgi_request(app, "GET", "/", headers=[(b"host", b"localhost"), (b"accept-encoding", b"gzip")])
        assert (answer.status, answer.header("content-encoding")) == (200, None)

    async def test_compresses_from_the_set_size_on_and_head_says_the_same(self) -> None:
        async def large(request: Request) -> Response:
            return PlainTextResponse("x" * int(request.query_params["size"]))

        settings = load_settings(HttpSettings, env_file=None)
        app = wrap_in_middleware(Starlette(routes=[Route("/", large)]), settings)
        headers = [(b"host", b"localhost"), (b"accept-encoding", b"gzip")]
        small = await asgi_request(app, "GET", "/", query=b"size=999", headers=headers)
        big = await asgi_request(app, "GET", "/", query=b"size=1000", headers=headers)
        head = await asgi_request(app, "HEAD", "/", query=b"size=1000", headers=headers)
        plain = await asgi_request(app, "GET", "/", query=b"size=1000", headers=headers[:1])
        assert (small.header("content-encoding"), big.header("content-encoding")) == (None, "gzip")
        assert head.header("content-length") == big.header("content-length")
        assert (plain.header("content-encoding"), plain.header("vary")) == (None, "Accept-Encoding")

    @pytest.mark.parametrize(
        ("accepted", "encoding"),
        [
            (b"gzip", "gzip"),
            (b"br, GZIP;q=0.1", "gzip"),
            (b"gzip;q=1.0", "gzip"),
            (b"gzip;q=0", None),
            (b"br, gzip ; q=0.000", None),
            (b"identity", None),
        ],
    )
    async def test_compresses_for_whom_accepts_it(self, accepted: bytes, encoding: str | None) -> None:
        """RFC 9110, 12.5.3: a weight of 0 says no."""

        async def large(_: Request) -> Response:
            return PlainTextResponse("x" * 2_000)

        app = wrap_in_middleware(Starlette(routes=[Route("/", large)]), load_settings(HttpSettings, env_file=None))
        headers = [(b"host", b"localhost"), (b"accept-encoding", accepted)]
        answer = await asgi_request(app, "GET", "/", headers=headers)
        assert answer.header("content-encoding") == encoding

    @pytest.mark.parametrize("status", [204, 304])
    async def test_compresses_nothing_where_there_is_no_body(self, status: int) -> None:
        async def nothing(_: Request) -> Response:
            return Response(status_code=status)

        settings = load_settings(HttpSettings, env_file=None, gzip_minimum_size=1)
        app = wrap_in_middleware(Starlette(routes=[Route("/", nothing)]), settings)
        answer = await asgi_request(app, "GET", "/", headers=[(b"host", b"localhost"), (b"accept-encoding", b"gzip")])
        assert (answer.status, answer.body, answer.header("content-encoding")) == (status, b"", None)

    async def test_allows_preflights_of_named_origins(self) -> None:
        settings = load_settings(HttpSettings, env_file=None, cors_origins="https://app.example.com")
        app = wrap_in_middleware(SMALL, settings)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = await asgi_request(
                app,
                "OPTIONS",
                "/show",
                headers=[
                    (b"host", b"localhost"),
                    (b"origin", b"https://app.example.com"),
                    (b"access-control-request-method", method.encode()),
                    (b"access-control-request-headers", b"authorization, content-type"),
                ],
            )
            assert answer.status == 200
            assert answer.header("access-control-max-age") == "3600"
            assert method in (answer.header("access-control-allow-methods") or "")
