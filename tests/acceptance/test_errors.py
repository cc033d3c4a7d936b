"""acceptance.md C: errors, logs, exposure (rows 40-45, 47), and D: headers (row 52)."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.typing import EventDict

from lintel import application
from lintel.errors import NotFound, TooManyRequests, Unavailable
from lintel.routing import Router
from lintel.testing import AsgiResponse, asgi_request
from tests.acceptance.conftest import Oracle
from tests.acceptance.operations import operations
from tests.conftest import IN_PRODUCTION, ON_SQLITE, Person, SettingsFactory

pytestmark = [pytest.mark.anyio, ON_SQLITE]

CANARY = "canary-41d8: SELECT password FROM users"


class CanaryError(Exception):
    """Something nobody expected, with a text that must stay inside."""

    def __init__(self) -> None:
        super().__init__(CANARY)


class Strict(BaseModel):
    number: int


async def failing() -> None:
    raise CanaryError


async def failing_at_the_end() -> AsyncIterator[None]:
    yield
    raise CanaryError


class RaisingMiddleware:
    """Raises for the paths that ask for it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/middleware":
            raise CanaryError
        if scope["type"] == "http" and scope["path"] == "/teapot":
            raise HTTPException(418, detail="A teapot.")
        if scope["type"] == "http" and scope["path"] == "/busy":
            raise TooManyRequests(retry_after=7)
        await self.app(scope, receive, send)


def broken_router() -> Router:
    """A route for every place in which something can go wrong."""
    router = Router()

    @router.get("/handler")
    async def handler() -> None:
        raise CanaryError

    @router.get("/dependency", dependencies=[Depends(failing)])
    async def dependency() -> None: ...

    @router.get("/teardown")
    async def teardown(_: Annotated[None, Depends(failing_at_the_end, scope="function")]) -> None: ...

    @router.get("/late-teardown")
    async def late_teardown(_: Annotated[None, Depends(failing_at_the_end)]) -> None: ...

    @router.get("/serialisation", response_model=Strict)
    async def serialisation() -> Any:
        return {"number": CANARY}

    @router.get("/background")
    async def background(tasks: BackgroundTasks) -> None:
        tasks.add_task(failing)

    @router.get("/guarded")
    async def guarded() -> None:
        try:
            raise NotFound("No such thing.")
        except ValueError:
            raise CanaryError from None

    @router.get("/down")
    async def down() -> None:
        raise Unavailable(retry_after=3)

    return router


@pytest.fixture
def broken(make_settings: SettingsFactory) -> FastAPI:
    """An application in which everything fails."""
    return application.create_app(
        make_settings(cors_origins="https://app.example.com"),
        routers=[broken_router()],
        public_routes=["GET /*"],
        authenticators=[],
        middleware=[Middleware(RaisingMiddleware)],
    )


async def get(app: FastAPI, path: str, **headers: str) -> AsgiResponse:
    sent = {"host": "localhost", "origin": "https://app.example.com", **headers}
    return await asgi_request(app, "GET", path, headers=[(k.encode(), v.encode()) for k, v in sent.items()])


def stacks(records: list[EventDict]) -> list[EventDict]:
    return [record for record in records if record.get("exc_info")]


class TestUnexpected:
    """Row 40."""

    @pytest.mark.parametrize("path", ["/handler", "/dependency", "/teardown", "/serialisation", "/middleware"])
    async def test_is_a_500_that_says_nothing_and_one_stack_in_the_log(
        self, broken: FastAPI, log_records: list[EventDict], oracle: Oracle, path: str
    ) -> None:
        answer = await get(broken, path)
        oracle.check(answer, {500})
        assert "canary" not in answer.text
        assert answer.json()["error_code"] == "INTERNAL_ERROR"
        assert len(stacks(log_records)) == 1
        assert stacks(log_records)[0]["request_id"] == answer.header("x-request-id")

    async def test_carries_cors_and_security_headers(self, broken: FastAPI) -> None:
        answer = await get(broken, "/handler")
        assert answer.header("access-control-allow-origin") == "https://app.example.com"
        assert answer.header("x-content-type-options") == "nosniff"

    @pytest.mark.parametrize("path", ["/background", "/late-teardown"])
    async def test_after_the_answer_is_only_logged_once(
        self, broken: FastAPI, log_records: list[EventDict], path: str
    ) -> None:
        answer = await get(broken, path)
        assert (answer.status, answer.raised) == (200, None)
        assert len(stacks(log_records)) == 1


class TestExpected:
    """Rows 41, 42, 43."""

    async def test_a_deliberate_error_stays_what_it_is(
        self, broken: FastAPI, log_records: list[EventDict], oracle: Oracle
    ) -> None:
        answer = await get(broken, "/guarded")
        oracle.check(answer, {404})
        assert answer.json()["detail"] == "No such thing."
        assert not stacks(log_records)

    @pytest.mark.parametrize(
        ("path", "status", "code"), [("/teapot", 418, "IM_A_TEAPOT"), ("/busy", 429, "TOO_MANY_REQUESTS")]
    )
    async def test_one_from_middleware_keeps_its_status(
        self, broken: FastAPI, log_records: list[EventDict], oracle: Oracle, path: str, status: int, code: str
    ) -> None:
        answer = await get(broken, path)
        oracle.check(answer, {status})
        assert answer.json()["error_code"] == code
        assert not stacks(log_records)

    async def test_says_when_to_try_again(self, broken: FastAPI) -> None:
        assert (await get(broken, "/busy")).header("retry-after") == "7"
        assert (await get(broken, "/down")).header("retry-after") == "3"

    async def test_of_the_framework_has_the_same_shape(self, oracle: Oracle, ada: Person) -> None:
        missing = await oracle.request("GET", "/nowhere", expected={404})
        wrong_method = await oracle.request("POST", "/health", expected={405})
        unknown = await oracle.request("BREW", "/api/v1/analyses", expected={405})
        nobody = await oracle.request("GET", "/api/v1/analyses", expected={401})
        assert missing.json()["error_code"] == "NOT_FOUND"
        assert wrong_method.header("allow") == "GET, HEAD"
        assert unknown.json()["error_code"] == "METHOD_NOT_ALLOWED"
        assert nobody.header("www-authenticate") == "Bearer"
        assert (await oracle.send_json("POST", "/api/v1/analyses", {}, token=ada.token, expected={422})).body

    async def test_every_type_is_a_page(self, oracle: Oracle) -> None:
        answer = await oracle.request("GET", "/nowhere", expected={404})
        page = await oracle.request("GET", answer.json()["type"], expected={200})
        assert "Not found" in page.text
        await oracle.request("GET", "/problems/made-up", expected={404})

    async def test_a_refused_preflight_has_the_same_shape(self, oracle_of: Callable[..., Any]) -> None:
        oracle = await oracle_of(cors_origins="https://app.example.com")
        headers = {"host": "localhost", "origin": "https://evil.example", "access-control-request-method": "GET"}
        answer = await oracle.request("OPTIONS", "/api/v1/users", headers=headers, expected={400})
        assert answer.header("access-control-allow-origin") is None


class TestExposure:
    """Rows 44, 45."""

    async def test_production_shows_no_documentation(self, oracle_of: Callable[..., Any]) -> None:
        oracle = await oracle_of(**IN_PRODUCTION)
        for path in ("/docs", "/redoc", "/openapi.json", "/docs/assets/swagger.js", "/admin"):
            await oracle.request("GET", path, expected={404})

    async def test_details_of_health_are_for_administrators(self, oracle: Oracle, ada: Person, admin: Person) -> None:
        await oracle.request("GET", "/health/detailed", expected={401})
        for person, status in ((ada, 403), (admin, 200)):
            headers = {"host": "localhost", "authorization": f"Bearer {person.token}"}
            await oracle.request("GET", "/health/detailed", headers=headers, expected={status})

    async def test_no_answer_names_its_server(self, oracle: Oracle) -> None:
        for path in ("/health", "/nowhere", "/docs", "/api/v1/analyses"):
            answer = await oracle.request("GET", path)
            assert answer.header("server") is None
            assert answer.header("x-powered-by") is None


class TestLogInjection:
    """Row 47."""

    @pytest.mark.parametrize(
        "request_id",
        [b"a\r\nb: c", b"\x1b[31mred", b"x" * 30_000, b"\xff\xfe", b"", b"short", b"has space here", b"a" * 129],
    )
    async def test_a_harmful_request_id_is_replaced(self, oracle: Oracle, request_id: bytes) -> None:
        headers = [(b"host", b"localhost"), (b"x-request-id", request_id)]
        answer = await oracle.request("GET", "/health", headers=headers, expected={200})
        assert answer.header("x-request-id") != request_id.decode("latin-1")

    async def test_a_harmless_one_is_kept(self, oracle: Oracle) -> None:
        headers = {"host": "localhost", "x-request-id": "trace-1234.a~b_c"}
        answer = await oracle.request("GET", "/health", headers=headers, expected={200})
        assert answer.header("x-request-id") == "trace-1234.a~b_c"

    @pytest.mark.parametrize("path", ["/a\r\nb", "/\x1b[31m", "/\u202e", "/" + "x" * 8_000])
    async def test_a_path_is_logged_as_it_was_on_the_wire(self, oracle: Oracle, path: str) -> None:
        answer = await oracle.request("GET", path, expected={404})
        record = oracle.access_records(answer.header("x-request-id") or "")[0]
        assert record["path"].isascii() or record["path"].endswith("…")
        assert record["path"].isprintable()
        assert len(record["path"]) < 3_000
        assert len(answer.body) < 4_096


class TestHeaders:
    """Row 52."""

    async def test_every_answer_distrusts_the_browser(self, oracle: Oracle, ada: Person) -> None:
        for operation in operations(oracle.service.app):
            answer = await oracle.request(operation.method, operation.path())
            assert answer.header("x-content-type-options") == "nosniff", operation
            assert answer.header("x-frame-options") == "DENY", operation
            assert answer.header("referrer-policy") == "no-referrer", operation
            assert answer.header("content-security-policy") == "default-src 'none'; frame-ancestors 'none'", operation
            assert answer.header("strict-transport-security") is None, operation

    async def test_https_is_told_to_stay(self, oracle: Oracle) -> None:
        answer = await oracle.request("GET", "/health", scheme="https", expected={200})
        assert answer.header("strict-transport-security") == "max-age=31536000; includeSubDomains"

    async def test_what_is_personal_is_not_stored(self, oracle: Oracle, ada: Person) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {ada.token}"}
        personal = await oracle.request("GET", "/api/v1/users/me/settings", headers=headers, expected={200})
        token = await ada.client.post("/api/v1/auth/login", data={"username": ada.user.email, "password": "x"})
        public = await oracle.request("GET", "/health", expected={200})
        assert personal.header("cache-control") == "no-store"
        assert token.headers["cache-control"] == "no-store"
        assert public.header("cache-control") is None

    async def test_the_documentation_brings_a_policy_of_its_own(self, oracle: Oracle) -> None:
        answer = await oracle.request("GET", "/docs", expected={200})
        policy = answer.header("content-security-policy") or ""
        assert "script-src 'self'" in policy
        assert "unsafe-inline" not in policy
