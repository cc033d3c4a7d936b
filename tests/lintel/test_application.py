from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from lintel.application import create_app
from lintel.errors import Unauthenticated
from lintel.ratelimit import Caller, MemoryRateLimiter, UnknownPolicyError, costs
from lintel.routing import Router, UnguardedRouteError
from lintel.settings import Environment, LintelSettings, load_settings
from lintel.testing import AsgiResponse, asgi_request

pytestmark = pytest.mark.anyio

HOST = (b"host", b"localhost")
DOCUMENTATION = ["/docs", "/redoc", "/openapi.json"]
SECRET = "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA"
PUBLIC = ["GET /words", "POST /words"]


class Word(BaseModel):
    text: str


async def authenticated() -> None:
    raise Unauthenticated


def make_settings(**values: Any) -> LintelSettings:
    defaults = {"environment": Environment.TEST, "secret_key": SECRET, "docs": True, "allowed_hosts": ("localhost",)}
    return load_settings(LintelSettings, env_file=None, **{**defaults, **values})


@pytest.fixture
def router() -> APIRouter:
    router = Router()

    @router.get("/words")
    async def list_words() -> list[str]:
        return ["a"]

    @router.post("/words", status_code=201)
    async def create_word(word: Word) -> Word:
        return word

    @router.get("/secrets", dependencies=[Depends(authenticated)])
    async def list_secrets() -> list[str]:
        return ["hunter2"]

    return router


Make = Callable[..., FastAPI]


@pytest.fixture
def make(router: APIRouter) -> Make:
    """An application with two open routes and a guarded one."""

    def make_app(settings: LintelSettings | None = None, **options: Any) -> FastAPI:
        defaults = {"routers": [router], "public_routes": PUBLIC, "authenticators": [authenticated]}
        return create_app(settings or make_settings(), **{**defaults, **options})

    return make_app


async def get(app: FastAPI, path: str, *headers: tuple[bytes, bytes]) -> AsgiResponse:
    return await asgi_request(app, "GET", path, headers=[HOST, *headers])


class TestGuard:
    async def test_known_callers_only_where_nothing_else_was_said(self, make: Make) -> None:
        app = make()
        assert (await get(app, "/words")).json() == ["a"]
        assert (await get(app, "/secrets")).status == 401

    async def test_a_route_that_is_open_by_accident_stops_the_start(self, make: Make) -> None:
        with pytest.raises(UnguardedRouteError, match=r"neither guarded nor listed as public: POST /words$"):
            make(public_routes=["GET /words"])

    async def test_the_authenticators_that_were_named_are_the_only_ones(self, make: Make) -> None:
        with pytest.raises(UnguardedRouteError, match="GET /secrets"):
            make(authenticators=[])

    async def test_a_guard_may_stand_anywhere_above_the_route(self, make: Make) -> None:
        async def principal(_: Annotated[None, Depends(authenticated)]) -> None: ...

        inner = Router(dependencies=[Depends(principal)])

        @inner.get("/inner")
        async def get_inner() -> None: ...

        outer = APIRouter(prefix="/outer")
        outer.include_router(inner)
        app = make(routers=[outer], public_routes=[])
        assert (await get(app, "/outer/inner")).status == 401

    async def test_a_public_entry_that_names_no_route_stops_the_start(self, make: Make) -> None:
        with pytest.raises(UnguardedRouteError, match=r"no such route: GET /nothing$"):
            make(public_routes=[*PUBLIC, "GET /nothing"])

    async def test_a_mount_is_a_route_like_any_other(self, make: Make) -> None:
        mounted = APIRouter()
        mounted.mount("/below", FastAPI())
        with pytest.raises(UnguardedRouteError, match="/below"):
            make(routers=[mounted], public_routes=[])

    async def test_its_own_pages_need_no_entry(self, make: Make) -> None:
        app = make(routers=[], public_routes=[])
        assert (await get(app, "/problems/not-found")).status == 200


class TestDocumentation:
    @pytest.mark.parametrize("path", DOCUMENTATION)
    async def test_answers_where_it_is_on(self, make: Make, path: str) -> None:
        assert (await get(make(), path)).status == 200

    @pytest.mark.parametrize("path", [*DOCUMENTATION, "/docs/assets/swagger.js"])
    async def test_is_not_there_where_it_is_off(self, make: Make, path: str) -> None:
        response = await get(make(make_settings(docs=False)), path)
        assert (response.status, response.json()["error_code"]) == (404, "NOT_FOUND")

    @pytest.mark.parametrize("path", DOCUMENTATION)
    async def test_is_not_there_in_production(self, make: Make, path: str) -> None:
        settings = make_settings(environment=Environment.PRODUCTION, docs=None, allowed_hosts=("localhost",))
        assert (await get(make(settings), path)).status == 404

    async def test_the_document_names_the_service_and_its_operations(self, make: Make) -> None:
        settings = make_settings(app_name="Words", app_version="2.1", app_description="Lists *words*.")
        document = make(settings, openapi={"contact": {"name": "Ada"}}).openapi()
        assert document["info"] == {
            "title": "Words",
            "version": "2.1",
            "description": "Lists *words*.",
            "contact": {"name": "Ada"},
        }
        assert document["paths"]["/words"]["post"]["operationId"] == "create_word"

    async def test_the_document_declares_errors_and_is_completed_once(self, make: Make) -> None:
        completed: list[dict[str, Any]] = []
        app = make(complete_openapi=completed.append)
        assert app.openapi() is app.openapi() is completed[0]
        assert len(completed) == 1
        assert {"400", "422", "500", "503"} <= set(app.openapi()["paths"]["/words"]["post"]["responses"])


class TestErrors:
    async def test_have_the_one_shape_and_every_header(self, make: Make) -> None:
        response = await get(make(), "/nowhere", (b"x-request-id", b"id-of-the-sender"))
        assert (response.status, response.header("content-type")) == (404, "application/problem+json")
        assert response.json()["request_id"] == response.header("x-request-id") == "id-of-the-sender"

    async def test_slashes_at_the_end_are_not_redirected(self, make: Make) -> None:
        response = await get(make(), "/words/")
        assert (response.status, response.header("location")) == (200, None)

    async def test_a_body_is_bounded_by_the_settings(self, make: Make) -> None:
        app = make(make_settings(max_request_bytes=1_024))
        body = b'{"text": "' + b"x" * 1_024 + b'"}'
        headers = [HOST, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        response = await asgi_request(app, "POST", "/words", headers=headers, body=body)
        assert (response.status, response.json()["error_code"]) == (413, "CONTENT_TOO_LARGE")


class TestResources:
    async def test_are_open_while_it_runs(self, make: Make) -> None:
        events = []

        @asynccontextmanager
        async def resource() -> AsyncIterator[None]:
            events.append("opened")
            yield
            events.append("closed")

        app = make(resources=[resource])
        assert events == []
        async with app.router.lifespan_context(app):
            assert events == ["opened"]
        assert events == ["opened", "closed"]


class TestMiddleware:
    async def test_layers_of_the_service_lie_within_ours(self, make: Make) -> None:
        seen = []

        class Layer:
            def __init__(self, app: ASGIApp, name: str) -> None:
                self.app, self.name = app, name

            async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
                if scope["type"] == "http":
                    seen.append((self.name, scope["path"]))
                await self.app(scope, receive, send)

        app = make(middleware=[Middleware(Layer, name="outer"), Middleware(Layer, name="inner")])
        await get(app, "/words/")
        assert seen == [("outer", "/words"), ("inner", "/words")]
        await asgi_request(app, "GET", "/words", headers=[(b"host", b"elsewhere.test")])
        assert len(seen) == 2


class TestRateLimit:
    @staticmethod
    async def remaining(app: FastAPI, path: str = "/words") -> str | None:
        return (await get(app, path)).header("x-ratelimit-remaining")

    async def test_a_hundred_requests_a_minute_unless_set_otherwise(self, make: Make) -> None:
        answer = await get(make(), "/words")
        assert answer.header("ratelimit-policy") == '"default";q=100;w=60'
        app = make(make_settings(rate_limit_per_minute=1))
        assert [(await get(app, "/words")).status for _ in range(2)] == [200, 429]

    async def test_none_where_it_is_switched_off(self, make: Make) -> None:
        app = make(make_settings(rate_limit_per_minute=0))
        assert await self.remaining(app) is None
        assert "429" not in app.openapi()["paths"]["/words"]["get"]["responses"]

    async def test_a_route_under_a_policy_that_there_is_not_stops_the_start(self, make: Make) -> None:
        router = Router()

        @router.get("/texts")
        @costs(of="texts")
        async def texts() -> None: ...

        with pytest.raises(UnknownPolicyError, match="/texts counts under a policy that there is not: texts"):
            make(routers=[router], public_routes=["GET /texts"])

    async def test_two_applications_count_apart(self, make: Make) -> None:
        one, two = make(), make()
        assert [await self.remaining(app) for app in (one, two, one)] == ["99", "99", "98"]

    async def test_a_service_may_share_its_own_counters(self, make: Make) -> None:
        limiter = MemoryRateLimiter()
        one, two = make(rate_limiter=limiter), make(rate_limiter=limiter)
        assert [await self.remaining(app) for app in (one, two, one)] == ["99", "98", "97"]

    async def test_callers_are_told_apart_where_the_service_can(self, make: Make) -> None:
        names = iter([Caller("ada", "user"), Caller("bob", "user"), Caller("ada", "user"), None])
        app = make(identify=lambda _: next(names))
        assert [await self.remaining(app) for _ in range(4)] == ["99", "99", "98", "99"]

    async def test_paths_that_are_not_counted_are_declared_so(self, make: Make) -> None:
        app = make(uncounted_paths=["/secrets"])
        assert await self.remaining(app, "/secrets") is None
        paths = app.openapi()["paths"]
        assert ["429" in paths[path]["get"]["responses"] for path in ("/words", "/secrets")] == [True, False]

    async def test_the_counters_are_open_while_it_runs(self, make: Make) -> None:
        events = []

        class Counters(MemoryRateLimiter):
            @asynccontextmanager
            async def opened(self) -> AsyncIterator[None]:
                events.append("opened")
                yield
                events.append("closed")

        app = make(rate_limiter=Counters())
        async with app.router.lifespan_context(app):
            assert events == ["opened"]
        assert events == ["opened", "closed"]


class TestTwoApplications:
    async def test_in_one_process_share_nothing(self, make: Make) -> None:
        one = make(make_settings(app_name="One", allowed_hosts=("one.test",)))
        two = make(make_settings(app_name="Two", allowed_hosts=("two.test",), docs=False, max_request_bytes=1_024))
        assert (one.state.settings.app_name, two.state.settings.app_name) == ("One", "Two")
        assert one.openapi()["info"]["title"] == "One"
        for app, own, other in ((one, b"one.test", b"two.test"), (two, b"two.test", b"one.test")):
            assert (await asgi_request(app, "GET", "/words", headers=[(b"host", own)])).status == 200
            assert (await asgi_request(app, "GET", "/words", headers=[(b"host", other)])).status == 400

    async def test_are_documented_and_overridden_each_for_itself(self, make: Make) -> None:
        one, two = make(), make(make_settings(docs=False))
        one.dependency_overrides[authenticated] = lambda: None
        one.state.own = True
        assert [(await get(app, "/secrets")).status for app in (one, two)] == [200, 401]
        assert [(await get(app, "/docs")).status for app in (one, two)] == [200, 404]
        assert not hasattr(two.state, "own")
