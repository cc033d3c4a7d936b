"""The shipped proxy: what it passes on, what it refuses, and in which shape."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from lintel.errors import MEDIA_TYPE, Problem, known_kinds, problem_type, status_of
from lintel.testing._process import free_port
from tests.deploy.proxies import TEMPLATE, RunningProxy, filled_in, needed, running_proxy
from tests.deploy.waiting import wait_until

HEADERS_FROM_OUTSIDE = {
    "Forwarded": "for=6.6.6.6;host=evil.example;proto=https",
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "6666",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Server": "evil",
    "X-Forwarded-Scheme": "https",
    "X-Forwarded-Ssl": "on",
    "X-Real-IP": "6.6.6.6",
    "X-Original-URL": "/evil",
    "X-Rewrite-URL": "/evil",
    "Proxy": "http://evil.example",
    "Proxy-Authorization": "Basic ZXZpbA==",
    "Proxy-Connection": "keep-alive",
    "Keep-Alive": "timeout=600",
    "TE": "trailers",
    "Trailer": "X-Evil",
    "Upgrade": "h2c",
}
KEPT_LITTLE = {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http"}


def headers_passed_on(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["headers"])


def raw(proxy: RunningProxy, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are; the status, the headers and the body that come back before the connection closes."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, body


def problem(status: int, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """The problem that an answer of the proxy is, held to the service's own shape."""
    assert headers["content-type"] == MEDIA_TYPE
    Problem.model_validate_json(body)
    content: dict[str, Any] = json.loads(body)
    assert content["status"] == status
    assert content["request_id"] == headers["x-request-id"]
    return content


class TestPassedOn:
    def test_nothing_that_outsiders_say_about_themselves(self, proxy: RunningProxy) -> None:
        with proxy.client() as client:
            passed = headers_passed_on(client.get("/api/v1/x", headers=HEADERS_FROM_OUTSIDE))
        from_outside = {name.lower() for name in HEADERS_FROM_OUTSIDE}
        assert {name: value for name, value in passed.items() if name in from_outside} == KEPT_LITTLE

    def test_the_host_without_its_port_and_the_callers_own_headers(self, proxy: RunningProxy) -> None:
        with proxy.client() as client:
            passed = headers_passed_on(client.get("/x", headers={"Authorization": "Bearer t", "Accept": "text/plain"}))
        assert (passed["host"], passed["authorization"], passed["accept"]) == ("127.0.0.1", "Bearer t", "text/plain")

    def test_a_harmless_request_id(self, proxy: RunningProxy) -> None:
        with proxy.client() as client:
            passed = headers_passed_on(client.get("/x", headers={"X-Request-ID": "order-4711.try~2"}))
        assert passed["x-request-id"] == "order-4711.try~2"

    @pytest.mark.parametrize("sent", ["short", "a" * 129, 'a"b{}<script>', ".starts-with-a-dot", ""])
    def test_a_new_request_id_instead_of_a_harmful_one(self, proxy: RunningProxy, sent: str) -> None:
        with proxy.client() as client:
            passed = headers_passed_on(client.get("/x", headers={"X-Request-ID": sent}))
        assert re.fullmatch(r"[0-9a-f]{32}", passed["x-request-id"])

    @pytest.mark.parametrize("path", ["/a%2Fb", "/a/../b//c", "/%41?q=%zz&q=+"])
    def test_the_path_as_it_was_sent(self, proxy: RunningProxy, path: str) -> None:
        request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        _, _, body = raw(proxy, request.encode())
        assert json.loads(body)["path"] == path

    def test_a_chunked_body_whole_and_with_its_length(self, proxy: RunningProxy) -> None:
        with proxy.client() as client:
            answer = client.post("/x", content=iter([b"a" * 70_000, b"b" * 70_000]))
        assert answer.json()["bytes"] == 140_000
        assert headers_passed_on(answer)["content-length"] == "140000"


class TestUpgrade:
    def request(self, path: str, protocol: str) -> bytes:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: {protocol}\r\n\r\n"
        return head.encode()

    def test_is_passed_on_for_a_websocket_at_its_place(self, proxy: RunningProxy) -> None:
        _, _, body = raw(proxy, self.request("/api/v1/ws", "WebSocket"))
        passed = dict(json.loads(body)["headers"])
        assert (passed["upgrade"], passed["connection"]) == ("websocket", "upgrade")

    @pytest.mark.parametrize(("path", "protocol"), [("/api/v1/ws", "h2c"), ("/api/v1/users", "websocket")])
    def test_is_dropped_for_any_other(self, proxy: RunningProxy, path: str, protocol: str) -> None:
        _, _, body = raw(proxy, self.request(path, protocol))
        assert not {"upgrade", "connection"} & dict(json.loads(body)["headers"]).keys()


class TestRefused:
    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (b"GET /x HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 400),
            (b"GET /x HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
            (b"GET /x HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
            (b"GET /x HTTP/1.1\r\nHost: localhost\r\nX: a\r\n folded\r\n\r\n", 400),
            (b"GET /x HTTP/1.1\r\nHost: localhost\r\nX : a\r\n\r\n", 400),
            (b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            (b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            (b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
            (b"\x16\x03\x01garbage\r\n\r\n", 400),
            (b"TRACE /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
            (b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\nConnection: close\r\n\r\n", 413),
            (b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"x" * 65_536), 414),
            (b"GET /x HTTP/1.1\r\nHost: localhost\r\nX: %s\r\n\r\n" % (b"x" * 102_400), 431),
            (b"GET /x HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (b"X: y\r\n" * 10_000), 431),
            (b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
            (b"GET /x HTTP/3.0\r\nHost: localhost\r\n\r\n", 505),
            (b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
            (b"GET /metrics/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
            (b"GET /metrics%0A HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
            (b"GET /metrics%0A/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
            (b"GET //%6Detrics?x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
            (b"GET /_problem HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        ],
    )
    def test_with_a_problem_like_the_services(self, proxy: RunningProxy, request_: bytes, expected: int) -> None:
        status, headers, body = raw(proxy, request_)
        assert status == expected
        problem(status, headers, body)
        assert headers["server"] == "nginx"
        assert headers["cache-control"] == "no-store"

    def test_a_chunked_body_at_the_limit(self, proxy: RunningProxy) -> None:
        with proxy.client() as client:
            answer = client.post("/x", content=iter([b"a" * 600_000, b"b" * 600_000]))
        problem(413, dict(answer.headers), answer.content)

    def test_names_the_path_only_where_it_is_harmless(self, proxy: RunningProxy) -> None:
        harmless = raw(proxy, b"GET /some/path?token=secret HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n")
        harmful = raw(proxy, b'GET /"},{" HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n')
        assert problem(*harmless)["path"] == "/some/path"
        assert problem(*harmful)["path"] == "/"

    def test_says_which_methods_there_are(self, proxy: RunningProxy) -> None:
        _, headers, _ = raw(proxy, b"TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert "get" in headers["allow"]

    def test_gives_each_kind_of_error_the_name_that_the_service_gives_it(self) -> None:
        template = TEMPLATE.read_text(encoding="utf-8")
        ours = {str(int(status_of(kind))): kind for kind in reversed(list(known_kinds()))}
        codes = dict(re.findall(r"^ +(\d{3}) ([A-Z_]+);$", template, re.MULTILINE))
        types = dict(re.findall(r"^ +(\d{3}) (/problems/[a-z-]+);$", template, re.MULTILINE))
        assert {codes.get(status, "INTERNAL_ERROR"): kind for status, kind in types.items()} == {
            ours[status].code: problem_type(ours[status].code) for status in types
        }
        assert {status for status in codes if status in ours} <= types.keys()


class TestUpstreamGone:
    def test_is_a_502_that_says_when_to_come_back(self) -> None:
        with running_proxy(f"127.0.0.1:{free_port()}") as proxy, proxy.client() as client:
            answer = client.get("/api/v1/users")
        assert problem(502, dict(answer.headers), answer.content)["error_code"] == "BAD_GATEWAY"
        assert answer.headers["retry-after"] == "1"


class TestLog:
    def test_is_one_json_record_a_request_without_the_query(self, proxy: RunningProxy) -> None:
        with proxy.client() as client:
            client.get('/logged/"quoted"?token=secret-in-a-query', headers={"X-Request-ID": "of-the-log-test"})
        wait_until(lambda: "of-the-log-test" in proxy.log, "a record")
        [line] = [line for line in proxy.log.splitlines() if "of-the-log-test" in line]
        record = json.loads(line)
        assert (record["method"], record["path"], record["status"]) == ("GET", "/logged/%22quoted%22", "200")
        assert "secret-in-a-query" not in proxy.log


class TestKeepAlive:
    def test_ends_here_before_a_server_could_end_it(self) -> None:
        """A request sent while its connection is being closed would be a 502."""
        [seconds] = re.findall(
            r"upstream service {.*?keepalive_timeout (\d+)s;", TEMPLATE.read_text("utf-8"), re.DOTALL
        )
        gunicorn = (TEMPLATE.parents[1] / "gunicorn.conf.py").read_text(encoding="utf-8")
        [of_gunicorn] = re.findall(r"^keepalive = (\d+)", gunicorn, re.MULTILINE)
        assert int(seconds) < min(uvicorn.Config("").timeout_keep_alive, int(of_gunicorn))


class TestReload:
    def test_loses_no_request_and_takes_the_new_configuration(self, upstream: str) -> None:
        with running_proxy(upstream) as proxy, proxy.client() as client:
            assert client.get("/x").status_code == 200
            configuration = proxy.folder / "nginx.conf"
            text = configuration.read_text(encoding="utf-8")
            configuration.write_text(text.replace("location = /proxy-health", "location = /renamed"), encoding="utf-8")
            os.kill(proxy.process.pid, signal.SIGHUP)

            def is_new() -> bool:
                assert client.get("/x").status_code == 200
                return httpx2.get(f"{proxy.url}/renamed", headers={"Host": "proxy.invalid"}).status_code == 204

            wait_until(is_new, "the new configuration")


class TestTls:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> dict[str, bytes]:
        """A self-signed certificate for localhost and its key, where the proxy looks for them."""
        options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
        command = [needed("openssl"), *options.split(), "-addext", "subjectAltName=DNS:localhost"]
        subprocess.run(
            [*command, "-keyout", "tls.key", "-out", "tls.crt"],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            timeout=30,
        )
        return {f"tls/{name}": (tmp_path / name).read_bytes() for name in ("tls.key", "tls.crt")}

    def test_is_told_to_the_service_and_plain_requests_are_refused(
        self, upstream: str, certificate: dict[str, bytes], tmp_path: Path
    ) -> None:
        files = {**certificate, "http.d/tls.conf": TEMPLATE.with_name("tls.conf").read_bytes()}
        with running_proxy(upstream, listen_options="ssl", files=files) as proxy:
            context = ssl.create_default_context(cafile=tmp_path / "tls.crt")
            answer = httpx2.get(
                f"https://localhost:{proxy.port}/x", verify=context, headers={"X-Forwarded-Proto": "http"}
            )
            plain = httpx2.get(f"{proxy.url}/x")
        assert headers_passed_on(answer)["x-forwarded-proto"] == "https"
        problem(400, dict(plain.headers), plain.content)


class TestFile:
    def test_is_filled_in_by_envsubst_as_its_head_says(self) -> None:
        template = TEMPLATE.read_text(encoding="utf-8")
        [exports] = re.findall(r"^# +export (.*)$", template, re.MULTILINE)
        [names] = re.findall(r"envsubst '([^']+)'", template)
        values = dict(item.split("=") for item in exports.split())
        assert [f"${name}" for name in values] == names.split()
        done = subprocess.run(
            [needed("envsubst"), names],
            input=template,
            env=values,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
        head = "daemon off;"
        assert done.stdout.partition(head)[2] == filled_in(template.partition(head)[2], values)
