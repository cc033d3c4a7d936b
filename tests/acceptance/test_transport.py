"""acceptance.md A: protocol and transport (rows 1, 10, 14, 15)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.acceptance.conftest import Oracle
from tests.acceptance.operations import operations
from tests.conftest import ON_SQLITE, Person

pytestmark = [pytest.mark.anyio, ON_SQLITE]

HOST = (b"host", b"localhost")
LIMIT = 4_096
EXTRA_CHUNKS = 1_000


class TestHost:
    """Row 1."""

    @pytest.mark.parametrize("path", ["/health", "/health/", "/api/v1/analyses", "/api/v1/analyses/", "/nowhere"])
    @pytest.mark.parametrize(
        "host", [b"evil.example", b"localhost.evil.example", b"localhost@evil.example", b"evil/x?"]
    )
    async def test_a_host_that_is_not_ours_is_refused_and_never_repeated(
        self, oracle: Oracle, path: str, host: bytes
    ) -> None:
        answer = await oracle.request("GET", path, headers=[(b"host", host)], expected={400})
        assert b"evil" not in answer.body
        assert answer.header("location") is None

    @pytest.mark.parametrize("headers", [[(b"x", b"y")], [HOST, HOST], [(b"host", b"")], [(b"host", b":8000")]])
    async def test_no_host_or_two_are_refused(self, oracle: Oracle, headers: list[tuple[bytes, bytes]]) -> None:
        await oracle.request("GET", "/health", headers=headers, expected={400})

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost:8000", "127.0.0.1", "[::1]", "[::1]:80"])
    async def test_our_own_names_are_answered_with_any_port(self, oracle: Oracle, host: str) -> None:
        await oracle.request("GET", "/health", headers={"host": host}, expected={200})

    async def test_subdomains_are_answered_where_they_are_allowed(self, oracle_of: Callable[..., Any]) -> None:
        oracle = await oracle_of(allowed_hosts="*.example.com")
        await oracle.request("GET", "/health", headers={"host": "api.example.com"}, expected={200})
        await oracle.request("GET", "/health", headers={"host": "api.example.org"}, expected={400})
        await oracle.request("GET", "/health", headers={"host": "evilexample.com"}, expected={400})

    async def test_links_and_locations_never_hold_the_host(self, oracle: Oracle, ada: Person) -> None:
        body = {"text_content": "Fine.", "analysis_type": "sentiment"}
        created = await oracle.send_json("POST", "/api/v1/analyses", body, token=ada.token)
        assert created.header("location") == "/api/v1/analyses/1"
        listed = await oracle.request(
            "GET", "/api/v1/analyses", headers={"host": "127.0.0.1", "authorization": f"Bearer {ada.token}"}
        )
        assert "127.0.0.1" not in listed.text
        assert "127.0.0.1" not in (listed.header("link") or "")


class TestBodyLimit:
    """Row 10."""

    async def test_a_declared_length_over_the_limit_is_refused_unread(self, oracle_of: Callable[..., Any]) -> None:
        oracle = await oracle_of(max_request_bytes=LIMIT)
        read = []

        def body() -> Iterator[bytes]:
            read.append(1)
            yield b"x" * (LIMIT + 1)

        headers = {"host": "localhost", "content-type": "application/json", "content-length": str(LIMIT + 1)}
        answer = await oracle.request("POST", "/api/v1/auth/register", headers=headers, body=body(), expected={413})
        assert not read
        assert answer.header("x-content-type-options") == "nosniff"

    @pytest.mark.parametrize("declared", [None, "10"], ids=["no length", "a lying length"])
    async def test_a_body_is_cut_off_at_the_limit(self, oracle_of: Callable[..., Any], declared: str | None) -> None:
        oracle = await oracle_of(max_request_bytes=LIMIT)
        sent = []

        def body() -> Iterator[bytes]:
            for _ in range(EXTRA_CHUNKS):
                sent.append(1)
                yield b"x" * 1_024

        headers = {"host": "localhost", "content-type": "application/json"}
        headers.update({"content-length": declared} if declared else {"transfer-encoding": "chunked"})
        await oracle.request("POST", "/api/v1/auth/register", headers=headers, body=body(), expected={413})
        assert len(sent) < EXTRA_CHUNKS

    async def test_a_413_can_be_read_by_an_allowed_origin(self, oracle_of: Callable[..., Any]) -> None:
        oracle = await oracle_of(max_request_bytes=LIMIT, cors_origins="https://app.example.com")
        headers = {
            "host": "localhost",
            "origin": "https://app.example.com",
            "content-type": "application/json",
            "content-length": str(LIMIT + 1),
        }
        answer = await oracle.request("POST", "/api/v1/auth/register", headers=headers, body=b"{}", expected={413})
        assert answer.header("access-control-allow-origin") == "https://app.example.com"


class TestHead:
    """Row 14."""

    async def test_every_get_answers_head_with_the_same_headers_and_no_body(
        self, oracle: Oracle, admin: Person
    ) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {admin.token}"}
        changing = {"x-request-id", "x-process-time", "date", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"}
        for operation in operations(oracle.service.app):
            if operation.method != "GET":
                continue
            got = await oracle.request("GET", operation.path(), headers=headers)
            head = await oracle.request("HEAD", operation.path(), headers=headers)
            assert head.body == b"", operation
            assert head.status == got.status, operation
            if "detailed" not in operation.template and got.status == 200:
                assert _without(head.headers, changing) == _without(got.headers, changing), operation


class TestContentType:
    """Row 15."""

    @pytest.mark.parametrize(
        "content_type",
        [
            None,
            "",
            "nonsense",
            "text/plain",
            "text/json",
            "application/xml",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json; charset=utf-7",
            "application/json; charset=utf-16",
        ],
    )
    async def test_no_operation_reads_json_under_another_name(
        self, oracle: Oracle, admin: Person, content_type: str | None
    ) -> None:
        for operation in operations(oracle.service.app):
            if operation.body is None:
                continue
            headers = {"host": "localhost", "authorization": f"Bearer {admin.token}", "content-length": "2"}
            if content_type is not None:
                headers["content-type"] = content_type
            answer = await oracle.request(
                operation.method, operation.path(), headers=headers, body=b"{}", expected={415}
            )
            assert answer.header("accept") == "application/json"

    @pytest.mark.parametrize(
        "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"]
    )
    async def test_json_by_any_of_its_names_is_read(self, oracle: Oracle, ada: Person, content_type: str) -> None:
        body = b'{"text_content": "Fine.", "analysis_type": "sentiment"}'
        headers = {
            "host": "localhost",
            "authorization": f"Bearer {ada.token}",
            "content-type": content_type,
            "content-length": str(len(body)),
        }
        await oracle.request("POST", "/api/v1/analyses", headers=headers, body=body, expected={201})

    async def test_a_form_is_not_read_from_json(self, oracle: Oracle) -> None:
        answer = await oracle.send_json(
            "POST", "/api/v1/auth/login", {"username": "a", "password": "b"}, expected={415}
        )
        assert answer.header("accept") == "application/x-www-form-urlencoded, multipart/form-data"


def _without(headers: list[tuple[bytes, bytes]], names: set[str]) -> list[tuple[bytes, bytes]]:
    return sorted((name, value) for name, value in headers if name.decode("latin-1") not in names)
