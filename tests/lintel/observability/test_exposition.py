"""Where metrics can be read."""

import socket

import httpx2
import pytest
from fastapi import FastAPI, HTTPException
from structlog.testing import capture_logs

from lintel.observability import Metrics, check_metrics_port, metrics_port, metrics_router, metrics_served
from lintel.settings import SettingsError
from lintel.testing import asgi_request
from tests.metrics import samples

pytestmark = pytest.mark.anyio


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class TestRouter:
    async def test_shows_the_metrics_to_everybody_where_nobody_guards_it(self) -> None:
        metrics, app = Metrics(), FastAPI()
        metrics.http.of("GET", "/words").count(200, 0.1)
        app.include_router(metrics_router(metrics, guard=None))
        answer = await asgi_request(app, "GET", "/metrics")
        assert (answer.status, answer.header("content-type")) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert b"_created" not in answer.body
        assert samples(answer.body, "http_requests_total") == {("GET", "/words", "200"): 1}

    async def test_shows_nothing_to_whom_the_guard_stops(self) -> None:
        async def guard() -> None:
            raise HTTPException(403)

        app = FastAPI()
        app.include_router(metrics_router(Metrics(), guard=guard))
        answer = await asgi_request(app, "GET", "/metrics")
        assert (answer.status, b"http_" in answer.body) == (403, False)

    async def test_is_no_part_of_the_documented_api(self) -> None:
        app = FastAPI()
        app.include_router(metrics_router(Metrics(), guard=None))
        assert "/metrics" not in app.openapi()["paths"]


class TestServed:
    def test_on_a_port_of_its_own_and_nothing_else_is(self, port: int) -> None:
        with metrics_served(lambda: b"up 1\n", host="127.0.0.1", port=port):
            answer = httpx2.get(f"http://127.0.0.1:{port}/metrics")
            assert (answer.status_code, answer.text, "server" in answer.headers) == (200, "up 1\n", False)
            assert httpx2.get(f"http://127.0.0.1:{port}/").status_code == 404
            assert httpx2.get(f"http://127.0.0.1:{port}/metrics/").status_code == 200
            assert httpx2.get(f"http://127.0.0.1:{port}/metrics//").status_code == 404
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(f"http://127.0.0.1:{port}/metrics")

    def test_again_after_it_ended(self, port: int) -> None:
        for _ in range(2):
            with metrics_served(lambda: b"", host="127.0.0.1", port=port):
                assert httpx2.get(f"http://127.0.0.1:{port}/metrics").status_code == 200

    def test_to_others_while_one_says_nothing(self, port: int) -> None:
        with (
            metrics_served(lambda: b"up 1\n", host="127.0.0.1", port=port),
            socket.create_connection(("127.0.0.1", port)),
        ):
            assert httpx2.get(f"http://127.0.0.1:{port}/metrics?name=up").text == "up 1\n"

    def test_to_head_without_a_body_and_to_no_other_method(self, port: int) -> None:
        with metrics_served(lambda: b"up 1\n", host="127.0.0.1", port=port):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.sendall(b"HEAD /metrics HTTP/1.0\r\n\r\n")
                head, _, body = b"".join(iter(lambda: client.recv(4096), b"")).partition(b"\r\n\r\n")
            assert (b" 200 " in head, b"Content-Length: 5" in head, body) == (True, True, b"")
            for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
                refused = httpx2.request(method, f"http://127.0.0.1:{port}/metrics")
                assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
                assert "server" not in refused.headers

    @pytest.mark.parametrize(
        ("fault", "logged"),
        [(ConnectionResetError, []), (BrokenPipeError, []), (TimeoutError, []), (ValueError, ["error"])],
    )
    def test_without_a_traceback_beside_the_log(
        self, port: int, capfd: pytest.CaptureFixture[str], fault: type[Exception], logged: list[str]
    ) -> None:
        def text() -> bytes:
            raise fault

        with (
            capture_logs() as records,
            metrics_served(text, host="127.0.0.1", port=port),
            pytest.raises(httpx2.HTTPError),
        ):
            httpx2.get(f"http://127.0.0.1:{port}/metrics")
        assert [record["log_level"] for record in records if record["log_level"] != "info"] == logged
        assert "Traceback" not in capfd.readouterr().err

    def test_not_on_an_address_that_is_not_ours(self) -> None:
        with pytest.raises(SettingsError, match="METRICS_PORT cannot be listened on"):
            check_metrics_port(host="192.0.2.1", port=0)

    def test_not_on_a_name_that_has_no_address(self) -> None:
        with pytest.raises(SettingsError) as refused:
            check_metrics_port(host="nowhere.invalid", port=0)
        assert refused.value.faults == {"METRICS_HOST": "is no such address"}

    async def test_as_long_as_an_application_runs(self, port: int) -> None:
        metrics = Metrics()
        async with metrics_port(metrics, host="127.0.0.1", port=port)(), httpx2.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/metrics")
            assert samples(answer.text, "process_open_fds")[()] > 0

    def test_not_on_a_port_that_is_taken(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with (
                pytest.raises(SettingsError, match="METRICS_PORT cannot be listened on"),
                metrics_served(lambda: b"", host="127.0.0.1", port=port),
            ):
                pytest.fail("it was")
            with pytest.raises(SettingsError, match="METRICS_PORT cannot be listened on"):
                check_metrics_port(host="127.0.0.1", port=port)

    def test_a_free_port_is_left_free_by_the_check(self, port: int) -> None:
        check_metrics_port(host="127.0.0.1", port=port)
        check_metrics_port(host="127.0.0.1", port=port)
