import asyncio
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from structlog.typing import EventDict
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import ChangeReload, Multiprocess

from lintel.server import Server, serve
from lintel.settings import LintelSettings, SettingsError, load_settings, metrics_folder
from lintel.supervisor import START_FAILURE, Supervisor

MODULE = """
import sys
from contextlib import asynccontextmanager
from types import SimpleNamespace

from fastapi import FastAPI, Request


def make():
    app = FastAPI()
    app.state.health = SimpleNamespace(draining=False)
    sys.modules[__name__].made = app

    @app.get("/client")
    def client(request: Request):
        return request.client.host

    return app


def fail():
    @asynccontextmanager
    async def lifespan(app):
        raise RuntimeError("no database")
        yield

    return FastAPI(lifespan=lifespan)
"""

on_url = HttpToolsProtocol.on_url
Settings = Callable[..., LintelSettings]


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module with a factory that works, and one whose application cannot start."""
    name = f"served_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.fixture
def settings() -> Settings:
    def make(**values: Any) -> LintelSettings:
        shared = {"redis_url": "redis://127.0.0.1:1/0", "rate_limit_per_minute": 0}
        defaults = {"host": "127.0.0.1", "port": 0, "workers": 1, "forwarded_allow_ips": (), **shared}
        return load_settings(LintelSettings, env_file=None, **{**defaults, **values})

    return make


@pytest.fixture(autouse=True)
def passed_on() -> Iterator[list[int]]:
    """The SIGTERMs that came through to this process, which they would otherwise end."""
    signals: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: signals.append(number))
    yield signals
    signal.signal(signal.SIGTERM, before)


class Visit:
    """Asks the server for something as soon as it listens, then has it told to stop."""

    def __init__(self, *, stop: signal.Signals = signal.SIGTERM, headers: dict[str, str] | None = None) -> None:
        self.stop = stop
        self.headers = headers
        self.urls: list[str] = []
        self.answers: list[httpx2.Response] = []

    def __call__(self, url: str) -> None:
        self.urls.append(url)
        asyncio.get_running_loop().run_in_executor(None, self._ask, url)

    def _ask(self, url: str) -> None:
        try:
            self.answers.append(httpx2.get(f"{url}/client", headers=self.headers, trust_env=False))
        finally:
            signal.pthread_kill(threading.main_thread().ident or 0, self.stop)


class TestServe:
    def test_says_where_it_listens_and_serves_until_it_is_told_to_stop(self, module: str, settings: Settings) -> None:
        visit = Visit()
        serve(f"{module}:make", settings(), on_started=visit)
        assert [answer.json() for answer in visit.answers] == ["127.0.0.1"]
        assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d+", visit.urls[0])

    def test_reads_http_by_its_stricter_parser(
        self, module: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read: list[bytes] = []

        def on_url_and_note(protocol: HttpToolsProtocol, url: bytes) -> None:
            read.append(url)
            on_url(protocol, url)

        monkeypatch.setattr(HttpToolsProtocol, "on_url", on_url_and_note)
        visit = Visit()
        serve(f"{module}:make", settings(), on_started=visit)
        assert read == [b"/client"]
        assert [answer.status_code for answer in visit.answers] == [200]

    def test_takes_the_service_out_of_rotation_before_it_stops(self, module: str, settings: Settings) -> None:
        serve(f"{module}:make", settings(), on_started=Visit())
        assert sys.modules[module].made.state.health.draining is True

    def test_an_address_that_means_all_is_told_as_one_that_can_be_opened(self, module: str, settings: Settings) -> None:
        visit = Visit()
        serve(f"{module}:make", settings(host="0.0.0.0"), on_started=visit)  # noqa: S104 - the case
        assert visit.urls[0].startswith("http://127.0.0.1:")
        assert visit.answers[0].status_code == 200

    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
    def test_either_signal_ends_it_in_order(
        self, module: str, settings: Settings, stop: signal.Signals, passed_on: list[int]
    ) -> None:
        handler = signal.getsignal(signal.SIGTERM)
        serve(f"{module}:make", settings(), on_started=Visit(stop=stop))
        assert passed_on == []
        assert signal.getsignal(signal.SIGTERM) is handler

    @pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
    def test_an_address_of_the_new_kind_is_told_as_one_that_can_be_opened(
        self, module: str, settings: Settings
    ) -> None:
        visit = Visit()
        serve(f"{module}:make", settings(host="::1"), on_started=visit)
        assert visit.urls[0].startswith("http://[::1]:")

    def test_does_not_tell_which_server_it_is(self, module: str, settings: Settings) -> None:
        visit = Visit()
        serve(f"{module}:make", settings(), on_started=visit)
        assert "server" not in visit.answers[0].headers

    @pytest.mark.parametrize(
        ("proxies", "client"),
        [
            ((), "127.0.0.1"),
            (("10.9.9.9",), "127.0.0.1"),
            (("127.0.0.1",), "10.0.0.1"),
            (("127.0.0.0/8",), "10.0.0.1"),
        ],
    )
    def test_believes_forwarded_addresses_of_named_proxies_only(
        self, module: str, settings: Settings, proxies: tuple[str, ...], client: str
    ) -> None:
        visit = Visit(headers={"X-Forwarded-For": "10.0.0.1"})
        serve(f"{module}:make", settings(forwarded_allow_ips=proxies), on_started=visit)
        assert visit.answers[0].json() == client

    def test_a_service_that_cannot_start_ends_the_process(self, module: str, settings: Settings) -> None:
        visit = Visit()
        with pytest.raises(SystemExit) as ended:
            serve(f"{module}:fail", settings(), on_started=visit)
        assert (ended.value.code, visit.urls) == (START_FAILURE, [])

    def test_a_port_that_is_taken_ends_the_process(self, module: str, settings: Settings) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as ended:
            serve(f"{module}:make", settings(port=taken.getsockname()[1]))
        assert ended.value.code == START_FAILURE

    def test_nobody_needs_to_be_told(self, module: str, settings: Settings) -> None:
        ended = threading.Event()

        def ask_until_it_ends() -> None:
            # A signal that comes before the server listens for it is lost.
            while not ended.wait(0.2):
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

        asking = threading.Thread(target=ask_until_it_ends)
        asking.start()
        try:
            serve(f"{module}:make", settings())
        finally:
            ended.set()
            asking.join()


class TestSupervisors:
    """Which one is chosen; what they do is uvicorn's, and is tested in a process of its own."""

    @pytest.fixture
    def ran(self, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        ran: list[Any] = []

        def run(supervisor: Any) -> None:
            ran.append(supervisor)
            for listener in supervisor.sockets:
                listener.close()

        monkeypatch.setattr(Multiprocess, "run", run)
        monkeypatch.setattr(ChangeReload, "run", run)
        return ran

    def test_several_workers_share_one_socket(self, module: str, settings: Settings, ran: list[Any]) -> None:
        urls: list[str] = []
        serve(f"{module}:make", settings(workers=3), on_started=urls.append)
        [supervisor] = ran
        assert isinstance(supervisor, Supervisor)
        assert (supervisor.processes_num, len(supervisor.sockets)) == (3, 1)
        assert urls == []  # nobody takes connections yet

    def test_a_port_that_is_taken_is_one_clear_line(
        self, module: str, settings: Settings, ran: list[Any], log_records: list[EventDict]
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SystemExit) as ended:
            serve(f"{module}:make", settings(workers=3, port=taken.getsockname()[1]))
        assert (ended.value.code, ran) == (START_FAILURE, [])
        [record] = log_records
        assert "address already in use" in record["reason"]

    @pytest.mark.parametrize("metrics", ["off", "admin"])
    def test_several_workers_share_a_folder_for_metrics_as_long_as_they_run(
        self, module: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, metrics: str
    ) -> None:
        seen: list[Path | None] = []

        def run(supervisor: Any) -> None:
            supervisor.sockets[0].close()
            folder = metrics_folder()
            seen.append(folder)
            assert folder is None or (folder.is_dir() and list(folder.iterdir()) == [])

        monkeypatch.setattr(Multiprocess, "run", run)
        serve(f"{module}:make", settings(workers=3, metrics=metrics))
        assert [folder is None for folder in seen] == [metrics == "off"]
        assert all(folder is None or not folder.exists() for folder in seen)
        assert metrics_folder() is None

    def test_their_supervisor_shows_the_metrics_of_all_on_the_port_for_them(
        self, module: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shown: list[int] = []

        def run(supervisor: Any) -> None:
            supervisor.sockets[0].close()
            shown.append(httpx2.get(f"http://127.0.0.1:{port}/metrics").status_code)

        monkeypatch.setattr(Multiprocess, "run", run)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        serve(f"{module}:make", settings(workers=2, metrics_port=port))
        assert shown == [200]

    @pytest.mark.parametrize("workers", [1, 3])
    def test_a_port_for_metrics_that_is_taken_is_a_faulty_setting(
        self, module: str, settings: Settings, ran: list[Any], workers: int
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SettingsError) as refused:
            serve(f"{module}:make", settings(workers=workers, metrics_port=taken.getsockname()[1]))
        assert list(refused.value.faults) == ["METRICS_PORT"]
        assert ran == []

    def test_changes_below_the_folders_start_it_anew(
        self, module: str, settings: Settings, ran: list[Any], tmp_path: Path
    ) -> None:
        serve(f"{module}:make", settings(workers=3), reload_dirs=[str(tmp_path)])
        [supervisor] = ran
        assert isinstance(supervisor, ChangeReload)
        assert supervisor.config.reload_dirs == [tmp_path]

    def test_says_where_it_listens_when_somebody_takes_connections(
        self, module: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        urls: list[str] = []
        told = threading.Event()

        def on_started(url: str) -> None:
            urls.append(url)
            told.set()

        def run(supervisor: Any) -> None:
            [listener] = supervisor.sockets
            assert not told.wait(0.3)
            listener.listen()
            assert told.wait(10)
            assert urls == [f"http://127.0.0.1:{listener.getsockname()[1]}"]
            listener.close()

        monkeypatch.setattr(ChangeReload, "run", run)
        serve(f"{module}:make", settings(), reload_dirs=[str(tmp_path)], on_started=on_started)


class TestHandleExit:
    def make(self, app: Any) -> Server:
        config = uvicorn.Config(app, log_config=None)
        config.load()
        return Server(config)

    @pytest.mark.parametrize("proxy_headers", [True, False])
    def test_drains_the_service_within_whatever_the_server_put_around_it(self, *, proxy_headers: bool) -> None:
        app = FastAPI()
        app.state.health = SimpleNamespace(draining=False)
        config = uvicorn.Config(app, log_config=None, proxy_headers=proxy_headers)
        config.load()
        assert isinstance(config.loaded_app, ProxyHeadersMiddleware) is proxy_headers
        server = Server(config)
        server.handle_exit(signal.SIGTERM, None)
        assert app.state.health.draining is server.should_exit is True

    def test_an_application_without_health_stops_all_the_same(self) -> None:
        server = self.make(FastAPI())
        server.handle_exit(signal.SIGTERM, None)
        assert server.should_exit

    def test_an_application_without_state_stops_all_the_same(self) -> None:
        async def plain(scope: Any, receive: Any, send: Any) -> None: ...

        server = self.make(plain)
        server.handle_exit(signal.SIGTERM, None)
        assert server.should_exit
