"""The general oracle: what must hold for every answer, whatever was sent."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from structlog.typing import EventDict

from lintel.errors import MEDIA_TYPE, Problem
from lintel.testing import AsgiResponse, asgi_request
from tests.conftest import RunningService

LIVENESS_SECONDS = 1.0
"""Ten times the promise: a guard against hanging, not a measurement."""
REST_SECONDS = 10.0
FIRST_REDIRECT = 300
NOT_MODIFIED = 304
FIRST_ERROR = 400
FIRST_SERVER_ERROR = 500

OWN_PATH = re.compile(r"/[A-Za-z0-9._~%!$&'()*+,;=:@-]+(/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*")
"""A path that browsers cannot take for a host: they read `//` and `/\\` as the start of one."""

Body = bytes | Sequence[bytes]


class Oracle:
    """Sends hostile requests to an application and holds every answer to the same rules.

    - no 5xx that was not expected;
    - an error is a problem that says nothing of exceptions;
    - the status is declared in the OpenAPI document;
    - nobody is sent elsewhere: no redirect, and a `Location` is a path of this service (row 55);
    - the request id is in the answer and in exactly one access record;
    - afterwards no connection is in use, and liveness answers at once (`rest`).
    """

    def __init__(self, service: RunningService, records: list[EventDict]) -> None:
        self.service = service
        self.records = records

    async def request(
        self,
        method: str,
        path: str,
        *,
        app: FastAPI | None = None,
        headers: Mapping[str, str] | Sequence[tuple[bytes, bytes]] = (),
        body: Body = b"",
        query: bytes = b"",
        expected: Collection[int] = (),
        **options: Any,
    ) -> AsgiResponse:
        """Send a request and check the answer; `expected` names the statuses that may come, if that is known.

        Whoever replaces the whole says that they mean whatever there is.
        """
        sent = [*_headers(headers), *([(b"if-match", b"*")] if method == "PUT" else [])]
        answer = await asgi_request(
            app or self.service.app, method, path, headers=sent, body=body, query=query, **options
        )
        self.check(answer, expected)
        return answer

    async def send_json(self, method: str, path: str, content: Any, **options: Any) -> AsgiResponse:
        """Send a value as JSON, or bytes as they are, said to be JSON."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode("utf-8", "surrogatepass")
        token = options.pop("token", None)
        headers = {"host": "localhost", "content-type": "application/json", "content-length": str(len(body))}
        if token:
            headers["authorization"] = f"Bearer {token}"
        return await self.request(method, path, headers=headers, body=body, **options)

    def check(self, answer: AsgiResponse, expected: Collection[int] = ()) -> None:
        """Hold one answer to the rules."""
        assert answer.is_complete
        assert answer.raised is None, "an exception reached the server"
        if expected:
            assert answer.status in expected, answer.text
        else:
            assert answer.status < FIRST_SERVER_ERROR, answer.text
        request_id = answer.header("x-request-id")
        assert request_id
        assert len(self.access_records(request_id)) == 1
        if answer.status >= FIRST_ERROR and answer.body:
            assert answer.header("content-type") == MEDIA_TYPE
            Problem.model_validate_json(answer.body)
            assert answer.json()["request_id"] == request_id
        assert not FIRST_REDIRECT <= answer.status < FIRST_ERROR or answer.status == NOT_MODIFIED
        assert all(OWN_PATH.fullmatch(target) for target in answer.headers_all("location"))
        self._check_declared(answer, self.access_records(request_id)[0])
        for word in ("Traceback", "sqlalchemy", "asyncpg", "sqlite3", "SELECT "):
            assert word not in answer.text

    def _check_declared(self, answer: AsgiResponse, record: EventDict) -> None:
        """Every status of an operation is in the document."""
        item = self.service.app.openapi()["paths"].get(record["route"], {})
        operation = item.get("get" if record["method"] == "HEAD" else record["method"].lower())
        if operation is not None:
            assert str(answer.status) in operation["responses"], f"{record['method']} {record['route']}"

    def access_records(self, request_id: str) -> list[EventDict]:
        """The access records of a request."""
        return [r for r in self.records if r["event"] == "request" and r.get("request_id") == request_id]

    async def rest(self) -> None:
        """Check what must hold when all is over."""
        await self.service.services.monitor.check()  # the one under way, if any, holds a connection of its own
        # A worker in the same process looks for jobs now and then; what was leaked stays.
        async with asyncio.timeout(REST_SECONDS):
            while self.service.services.database.checked_out():  # noqa: ASYNC110 - pools tell nobody
                await asyncio.sleep(0.01)
        started = time.perf_counter()
        host = self.service.app.state.settings.trusted_hosts[0].replace("*", "any").encode()
        answer = await asgi_request(self.service.app, "GET", "/health", headers=[(b"host", host)])
        assert answer.status == 200
        assert time.perf_counter() - started < LIVENESS_SECONDS


def _headers(headers: Mapping[str, str] | Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes]]:
    if isinstance(headers, Mapping):
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return headers or [(b"host", b"localhost")]


@pytest.fixture
async def oracle(service: RunningService, log_records: list[EventDict]) -> AsyncIterator[Oracle]:
    """The oracle over the service with the settings of tests."""
    oracle = Oracle(service, log_records)
    yield oracle
    await oracle.rest()


@pytest.fixture
async def oracle_of(start: Callable[..., Any], log_records: list[EventDict]) -> AsyncIterator[Callable[..., Any]]:
    """Starts a service with these settings, under the oracle."""
    oracles = []

    async def make(**values: Any) -> Oracle:
        oracles.append(Oracle(await start(**values), log_records))
        return oracles[-1]

    yield make
    for oracle in oracles:
        await oracle.rest()
