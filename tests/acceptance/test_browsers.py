"""acceptance.md D: which browser applications may read the answers (rows 48, 49)."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException

from lintel import application
from lintel.errors import RequestTimeout, TooManyRequests, Unavailable
from lintel.routing import Router
from lintel.settings import Environment, SettingsError
from lintel.testing import asgi_request
from tests.acceptance.conftest import Oracle
from tests.acceptance.operations import operations
from tests.conftest import ON_SQLITE, Person, SettingsFactory

pytestmark = [pytest.mark.anyio, ON_SQLITE]

OURS = "https://app.example.com"
OTHERS = [
    "https://evil.example",
    "null",
    "https://app.example.com.evil",
    "https://evilapp.example.com",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com:443",
    "https://APP.EXAMPLE.COM",
    "https://app.example.com/",
    "https://user@app.example.com",
    "https://app.example.com, https://evil.example",
    "https://app.example.com%0d%0a",
    "app.example.com",
    "*",
    "",
    "\xe9",
]


def varies(answer: Any) -> bool:
    return "origin" in [name.strip().lower() for line in answer.headers_all("vary") for name in line.split(",")]


@pytest.fixture
async def oracle(oracle_of: Callable[..., Any]) -> Oracle:
    """The service with one application that may call it."""
    found: Oracle = await oracle_of(cors_origins=OURS)
    return found


class TestOtherOrigins:
    """Row 48."""

    @pytest.mark.parametrize("origin", OTHERS)
    async def test_read_nothing(self, oracle: Oracle, origin: str) -> None:
        for operation in operations(oracle.service.app):
            headers = {"host": "localhost", "origin": origin}
            answer = await oracle.request(operation.method, operation.path(), headers=headers)
            assert answer.header("access-control-allow-origin") is None, operation
            assert varies(answer), operation
            preflight = headers | {"access-control-request-method": operation.method}
            refused = await oracle.request("OPTIONS", operation.path(), headers=preflight, expected={400})
            assert refused.header("access-control-allow-origin") is None, operation
            assert varies(refused), operation

    async def test_are_told_from_ours_by_caches_too(self, oracle: Oracle) -> None:
        """Also without an Origin: what is kept from such a request must not be given to one that has it."""
        for path in ("/health", "/nowhere", "/docs", "/docs/assets/swagger.js", "/problems/not-found"):
            answer = await oracle.request("GET", path)
            assert varies(answer), path
            assert answer.header("access-control-allow-origin") is None

    async def test_are_all_that_there_is_where_none_is_allowed(self, oracle_of: Callable[..., Any]) -> None:
        oracle = await oracle_of()
        for origin in (OURS, "null", "*"):
            answer = await oracle.request("GET", "/health", headers={"host": "localhost", "origin": origin})
            assert answer.header("access-control-allow-origin") is None
            await oracle.request(
                "OPTIONS", "/health",
                headers={"host": "localhost", "origin": origin, "access-control-request-method": "GET"},
                expected={405},
            )  # fmt: skip


class TestOurOrigin:
    """Row 49."""

    def check(self, answer: Any, status: int) -> None:
        assert answer.status == status
        assert answer.header("access-control-allow-origin") == OURS
        assert answer.header("access-control-allow-credentials") == "true"
        assert "X-Request-ID" in (answer.header("access-control-expose-headers") or "")
        assert varies(answer)
        assert answer.header("x-request-id")

    async def test_reads_every_answer_of_the_service(self, oracle: Oracle) -> None:
        ada: Person = await oracle.service.person()
        headers = {"host": "localhost", "origin": OURS}
        signed = headers | {"authorization": f"Bearer {ada.token}"}
        json_ = {"content-type": "application/json"}
        large = json_ | {"content-length": "9999999"}
        cases: list[tuple[int, str, str, dict[str, str], bytes]] = [
            (200, "GET", "/health", headers, b""),
            (401, "GET", "/api/v1/users/me", headers, b""),
            (403, "GET", "/api/v1/users", signed, b""),
            (404, "GET", "/nowhere", headers, b""),
            (404, "GET", "/api/v1/analyses/1", signed, b""),
            (405, "PUT", "/health", headers, b""),
            (413, "POST", "/api/v1/auth/register", headers | large, b"{}"),
            (415, "POST", "/api/v1/auth/register", headers | {"content-length": "2"}, b"{}"),
            (400, "POST", "/api/v1/auth/register", headers | json_ | {"content-length": "1"}, b"{"),
            (422, "POST", "/api/v1/auth/register", headers | json_ | {"content-length": "2"}, b"{}"),
        ]
        for status, method, path, sent, body in cases:
            answer = await oracle.request(method, path, headers=sent, body=body, expected={status})
            self.check(answer, status)

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/limited", 429), ("/failing", 500), ("/unavailable", 503), ("/framework", 503), ("/late", 408)],
    )
    async def test_reads_every_failure_of_a_handler(
        self, make_settings: SettingsFactory, path: str, status: int
    ) -> None:
        answer = await asgi_request(
            failing(make_settings), "POST", path, headers=[(b"host", b"localhost"), (b"origin", OURS.encode())]
        )
        self.check(answer, status)
        assert answer.header("x-content-type-options") == "nosniff"
        if status == 503:
            assert answer.header("retry-after")

    async def test_reads_that_its_share_is_used_up(self, oracle_of: Callable[..., Any]) -> None:
        oracle = await oracle_of(cors_origins=OURS, rate_limit_per_minute=1)
        headers = {"host": "localhost", "origin": OURS}
        await oracle.request("GET", "/nowhere", headers=headers, expected={404})
        answer = await oracle.request("GET", "/nowhere", headers=headers, expected={429})
        self.check(answer, 429)
        assert "Retry-After" in (answer.header("access-control-expose-headers") or "")

    @pytest.mark.parametrize("environment", [Environment.PRODUCTION, Environment.STAGING])
    async def test_is_named_and_never_any_in_production(
        self, make_settings: SettingsFactory, environment: Environment
    ) -> None:
        for origins in ("*", "null", f"{OURS},*"):
            with pytest.raises(SettingsError, match="CORS_ORIGINS"):
                make_settings(environment=environment, docs=None, allowed_hosts="localhost", cors_origins=origins)


def failing(make_settings: SettingsFactory) -> FastAPI:
    """An application whose routes fail, each in its own way."""
    router = Router()

    @router.post("/limited")
    async def limited() -> None:
        raise TooManyRequests(retry_after=3)

    @router.post("/failing")
    async def fail() -> None:
        raise ZeroDivisionError

    @router.post("/unavailable")
    async def unavailable() -> None:
        raise Unavailable

    @router.post("/framework")
    async def framework() -> None:
        raise HTTPException(503)

    @router.post("/late")
    async def late() -> None:
        raise RequestTimeout

    return application.create_app(
        make_settings(cors_origins=OURS), routers=[router], public_routes=["POST /*"], authenticators=[]
    )
