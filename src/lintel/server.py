"""uvicorn, set up for a service that logs for itself and stops in order."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.supervisors import ChangeReload, Multiprocess

from lintel.observability import check_metrics_port, forget_worker, metrics_served, shared_text
from lintel.settings import LintelSettings, metrics_folder_set

START_FAILURE = 3


class Server(uvicorn.Server):
    """A server that says where it listens and takes the service out of rotation before it stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_started: Callable[[str], None] | None = None,
        *,
        drain_seconds: float = 0,
    ) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._drain_seconds = drain_seconds

    async def startup(self, sockets: Any = None) -> None:
        """Tell the caller the address, which it cannot know when it asked for any free port."""
        await super().startup(sockets)
        if self.started and self._on_started is not None:
            self._on_started(_address(self.servers[0].sockets[0]))

    async def shutdown(self, sockets: Any = None) -> None:
        """Go on answering for a while with /ready at 503, so that a load balancer sees it; then close."""
        await asyncio.sleep(self._drain_seconds)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Answer 503 at /ready from now on; then stop."""
        health = getattr(_state_of(self.config.loaded_app), "health", None)
        if health is not None:
            health.draining = True
        super().handle_exit(sig, frame)


def serve(
    app: str,
    settings: LintelSettings,
    *,
    reload_dirs: list[str] | None = None,
    on_started: Callable[[str], None] | None = None,
) -> None:
    """Serve an application until the process is told to stop.

    Args:
        app: `module:factory` of a function without arguments that makes the application.
        settings: Address, number of processes, grace at shutdown, and where metrics can be read.
        reload_dirs: Start anew when a file below one of these changes; for development.
        on_started: Called once with the address to open in a browser.

    Raises:
        lintel.settings.SettingsError: METRICS_PORT cannot be listened on.
        SystemExit: With `START_FAILURE`, when the service could not be started; uvicorn has logged why.
    """
    config = uvicorn.Config(
        app,
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http="httptools",  # refuses what h11 lets pass: folded header lines, bare line feeds, two lengths of one body
        reload=reload_dirs is not None,
        reload_dirs=reload_dirs,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=list(settings.forwarded_allow_ips),
        timeout_graceful_shutdown=settings.shutdown_grace_seconds,
    )
    if settings.metrics_port is not None:
        check_metrics_port(host=settings.metrics_host, port=settings.metrics_port)
    if not config.should_reload and settings.workers == 1:
        with _exit_in_order():
            Server(config, on_started, drain_seconds=settings.shutdown_drain_seconds).run()
        return
    listener = config.bind_socket()
    if on_started is not None:
        on_started(_address(listener))
    if config.should_reload:
        ChangeReload(config, target=Server(config).run, sockets=[listener]).run()
    else:
        _serve_with_workers(config, listener, settings)


def _serve_with_workers(config: uvicorn.Config, listener: socket.socket, settings: LintelSettings) -> None:
    if not settings.metrics_counted:
        Multiprocess(config, [listener]).run()
        return
    with TemporaryDirectory(prefix="lintel-metrics-") as name, ExitStack() as stack:
        folder = Path(name)
        stack.enter_context(metrics_folder_set(folder))
        if settings.metrics_port is not None:
            text = partial(shared_text, folder)
            stack.enter_context(metrics_served(text, host=settings.metrics_host, port=settings.metrics_port))
        _Supervisor(config, listener, folder).run()


class _Supervisor(Multiprocess):
    """Looks after the server processes, and after the metrics of those that have ended."""

    def __init__(self, config: uvicorn.Config, listener: socket.socket, metrics_folder: Path) -> None:
        super().__init__(config, [listener])
        self._metrics_folder = metrics_folder
        self._pids: set[int] = set()

    def init_processes(self) -> None:
        """Start them, and remember who they are."""
        super().init_processes()
        self._pids = self._present()

    def keep_subprocess_alive(self) -> None:
        """Called twice a second; a process that is no longer looked after has ended."""
        super().keep_subprocess_alive()
        before, self._pids = self._pids, self._present()
        for pid in before - self._pids:
            forget_worker(self._metrics_folder, pid)

    def _present(self) -> set[int]:
        return {process.pid for process in self.processes if process.pid is not None}


@contextmanager
def _exit_in_order() -> Iterator[None]:
    """End with 0 after SIGTERM and Ctrl-C: uvicorn raises the signal once more when everything has been closed."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _address(listener: Any) -> str:
    host, port = listener.getsockname()[:2]
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not listened on
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _state_of(app: ASGIApp) -> Any:
    """The application's state, within whatever the server put around it."""
    while not hasattr(app, "state") and hasattr(app, "app"):
        app = app.app
    return getattr(app, "state", None)
