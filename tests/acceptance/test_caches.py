"""acceptance.md: what a cache or a careless client could be led to (rows 13, 16, 53-55)."""

from urllib.parse import unquote_to_bytes

import pytest

from lintel.testing import AsgiResponse
from tests.acceptance.conftest import Oracle
from tests.acceptance.operations import Operation, operations
from tests.conftest import ON_SQLITE, Person
from tests.guards import cpu_guard

pytestmark = [pytest.mark.anyio, ON_SQLITE]

OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
UNKEYED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "6666",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-For": "6.6.6.6",
    "X-Original-URL": "/api/v1/users",
    "X-Rewrite-URL": "/api/v1/users",
    "X-Original-Host": "evil.example",
    "X-Host": "evil.example",
    "X-HTTP-Method-Override": "POST",
    "Forwarded": "host=evil.example;proto=https",
    "Via": "1.1 evil.example",
}
CHANGING = {"x-request-id", "x-process-time", "date", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"}
ELSEWHERE = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "/%09/evil.example",
    "https:evil.example",
    "https://evil.example",
    "//localhost@evil.example",
    "javascript:alert(1)",
    "\r\nLocation: https://evil.example",
)
WISHES = ("next", "url", "redirect", "redirect_uri", "redirect_to", "return_to", "returnUrl", "continue", "goto")
CPU_SECONDS = 0.5
"""Ten times the promise: a guard against hanging."""


def reads(oracle: Oracle) -> list[Operation]:
    return [operation for operation in operations(oracle.service.app) if operation.method == "GET"]


def headers_of(person: Person | None) -> dict[str, str]:
    return {"host": "localhost"} | ({"authorization": f"Bearer {person.token}"} if person else {})


class TestMethodOverride:
    """Row 13; tests/acceptance/test_wire.py has the unknown methods."""

    @pytest.mark.parametrize("header", OVERRIDES)
    async def test_is_ignored(self, oracle: Oracle, ada: Person, header: str) -> None:
        headers = headers_of(ada) | {header: "DELETE"}
        for path in ("/api/v1/users/me", "/api/v1/analyses"):
            await oracle.request("GET", path, headers=headers, expected={200})
        await oracle.request("GET", "/api/v1/users/me", headers=headers, query=b"_method=DELETE", expected={422})
        assert (await ada.client.get("/api/v1/users/me")).status_code == 200

    async def test_every_operation_refuses_methods_that_its_path_does_not_have(
        self, oracle: Oracle, admin: Person
    ) -> None:
        found = operations(oracle.service.app)
        for template, operation in {operation.template: operation for operation in found}.items():
            known = {other.method for other in found if other.template == template or other.is_at(operation.path())}
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "LINK"} - known:
                answer = await oracle.request(method, operation.path(), headers=headers_of(admin), expected={405})
                allowed = set((answer.header("allow") or "").split(", "))
                assert allowed == known | ({"HEAD"} if "GET" in known else set()), template


class TestRanges:
    """Row 16: the documentation's files are the only ones served in ranges."""

    ASSET = "/docs/assets/swagger-ui-bundle.js"

    @pytest.mark.parametrize(
        "ranges",
        [
            ",".join(["0-"] * 1_000),
            ",".join(f"{start}-{start + 1_000_000}" for start in range(1_000)),
            ",".join(["0-0"] * 1_000),
            ",".join(["-1"] * 1_000),
            "0-" + "9" * 7_000,
            ",".join(["5-1"] * 1_000),
            "," * 7_000,
            "-",
            "a-b",
        ],
        ids=["open", "overlapping", "one byte", "last byte", "long number", "backwards", "nothing", "dash", "letters"],
    )
    async def test_many_or_odd_ones_are_refused_at_once(self, oracle: Oracle, ranges: str) -> None:
        headers = {"host": "localhost", "range": f"bytes={ranges}"}
        whole = await oracle.request("GET", self.ASSET, expected={200})
        with cpu_guard(CPU_SECONDS):
            answer = await oracle.request("GET", self.ASSET, headers=headers, expected={200, 206, 400, 416})
        assert len(answer.body) <= len(whole.body)

    async def test_a_plain_one_is_answered(self, oracle: Oracle) -> None:
        headers = {"host": "localhost", "range": "bytes=0-9"}
        answer = await oracle.request("GET", self.ASSET, headers=headers, expected={206})
        assert len(answer.body) == 10

    async def test_no_other_answer_comes_in_ranges(self, oracle: Oracle, ada: Person) -> None:
        headers = headers_of(ada) | {"range": ",".join(["bytes=0-"] * 500)}
        for operation in reads(oracle):
            answer = await oracle.request("GET", operation.path(), headers=headers)
            assert answer.status != 206, operation


class TestUnkeyedHeaders:
    """Row 53: no cache knows that these could matter, so they must not."""

    async def test_change_no_answer(self, oracle: Oracle, ada: Person) -> None:
        paths = [operation.path() for operation in reads(oracle)] + ["/docs", "/redoc", "/openapi.json", "/nowhere"]
        for path in paths:
            for person in (None, ada):
                plain = await oracle.request("GET", path, headers=headers_of(person))
                led = await oracle.request("GET", path, headers=headers_of(person) | UNKEYED)
                assert led.status == plain.status, path
                assert _stable(led.headers) == _stable(plain.headers), path
                if led.status == 200:
                    assert _without_times(led) == _without_times(plain), path
                assert "evil" not in led.text


class TestDeception:
    """Row 54: a cache keeps `/me/x.css` as a file, so it must not answer with `/me`."""

    @pytest.mark.parametrize(
        "suffix",
        [b"/x.css", b"/.css", b".css", b";x.css", b"%2fx.css", b"%2f", b"%2F", b"%3bx.css", b"%00.css", b"%0a.css",
         b"%0a", b"%0A/", b"%0d", b"%7f", b"%c2%85",
         b"%23.css", b"%3f.css", b"//", b"/./", b"/..%2fx.css", b"%5cx.css", b"/%2e%2e/x.css"],
    )  # fmt: skip
    async def test_no_personal_answer_has_a_second_address(self, oracle: Oracle, ada: Person, suffix: bytes) -> None:
        for operation in reads(oracle):
            if operation.is_guarded:
                path = operation.path().encode() + suffix
                decoded = _decoded(path)
                # 403 where the path's last part may be any text: it is another resource, not for Ada; 405
                # where that one cannot be read.
                answer = await oracle.request(
                    "GET", decoded, raw_path=path, headers=headers_of(ada), expected={403, 404, 405, 422}
                )
                assert ada.user.email not in answer.text

    async def test_no_personal_answer_may_be_kept(self, oracle: Oracle, ada: Person) -> None:
        for operation in reads(oracle):
            answer = await oracle.request("GET", operation.path(), headers=headers_of(ada))
            if operation.is_guarded:
                kept = "no-store" if answer.header("etag") is None else "private, no-cache"
                assert answer.header("cache-control") == kept, operation


class TestRedirects:
    """Row 55. The oracle holds every answer of every test to it: no redirect, and a `Location` that is a path."""

    @pytest.mark.parametrize("place", ELSEWHERE)
    async def test_nobody_is_sent_where_the_sender_likes(self, oracle: Oracle, ada: Person, place: str) -> None:
        wishes = dict.fromkeys(WISHES, place)
        headers = headers_of(ada) | {"referer": place.strip(), "origin": place.strip()}
        for operation in operations(oracle.service.app):
            if operation.method == "GET":
                query = (
                    "&".join(f"{name}={place.strip()}" for name in WISHES)
                    .replace("\\", "%5C")
                    .replace(" ", "%20")
                    .encode()
                )
                await oracle.request("GET", operation.path(), headers=headers, query=query, expected={401, 422})
            elif operation.body is not None:
                await oracle.send_json(
                    operation.method, operation.path(), {**operation.body, **wishes}, token=ada.token,
                    expected={401, 403, 422},
                )  # fmt: skip

    @pytest.mark.parametrize("path", ["//evil.example", "//evil.example/", "/\\evil.example/", "/%2f%2fevil.example"])
    async def test_no_path_is_completed_to_a_host(self, oracle: Oracle, path: str) -> None:
        await oracle.request("GET", path, expected={404})


def _stable(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return sorted((name, value) for name, value in headers if name.decode("latin-1") not in CHANGING)


def _without_times(answer: AsgiResponse) -> object:
    """The body; the times in that of health differ from one request to the next."""
    if answer.header("content-type") != "application/json":
        return answer.body
    return {name: value for name, value in answer.json().items() if name not in {"timestamp", "checks"}}


def _decoded(path: bytes) -> str:
    return unquote_to_bytes(path).decode()
