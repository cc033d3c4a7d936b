"""uvicorn, set up for a service that logs for itself and stops in order."""

import asyncio
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import structlog
import uvicorn
from uvicorn.supervisors import ChangeReload

from lintel.observability import check_metrics_port, forget_worker, metrics_served, shared_text
from lintel.protocols import HttpProtocol, WebSocketProtocol, state_of
from lintel.settings import LintelSettings, metrics_folder_set
from lintel.supervisor import START_FAILURE, Supervisor, end_with

TELL_SECONDS = 0.1
"""Between two looks at whether a service that starts anew with its sources takes connections."""

_log = structlog.get_logger("lintel.server")


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
        self._announces = False

    async def startup(self, sockets: Any = None) -> None:
        """Tell the caller the address, which it cannot know when it asked for any free port."""
        await super().startup(sockets)
        if self.started and self._on_started is not None:
            self._on_started(_address(self.servers[0].sockets[0]))

    async def shutdown(self, sockets: Any = None) -> None:
        """After SIGTERM go on answering for a while with /ready at 503, so that a load balancer sees it; then close."""
        if self._announces:
            await asyncio.sleep(self._drain_seconds)
        await super().shutdown(sockets)

    def run(self, sockets: Any = None) -> None:
        """Serve until told to stop, or until whoever started this process is gone."""
        parent = parent_process()
        if parent is not None:
            end_with(parent)
        super().run(sockets)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Answer 503 at /ready from now on; then stop."""
        if not self.should_exit:
            self._announces = sig == signal.SIGTERM
        health = getattr(state_of(self.config.loaded_app), "health", None)
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
        http=HttpProtocol,  # of httptools, which refuses what h11 lets pass: folded header lines, bare line feeds
        ws=WebSocketProtocol,
        ws_max_size=settings.ws_max_message_bytes,
        ws_ping_interval=settings.ws_heartbeat_seconds,
        ws_ping_timeout=settings.ws_timeout_seconds,
        ws_per_message_deflate=False,  # our messages are short, and each connection would keep 40 KB for it
        lifespan="on",  # "auto" takes one that fails for an application without, and serves it
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
    listener = _bound(settings.host, settings.port)
    if config.should_reload:
        if on_started is not None:
            threading.Thread(target=_tell, args=(_address(listener), on_started), daemon=True).start()
        ChangeReload(config, target=Server(config).run, sockets=[listener]).run()
    else:
        _serve_with_workers(config, listener, settings, on_started)


def _serve_with_workers(
    config: uvicorn.Config,
    listener: socket.socket,
    settings: LintelSettings,
    on_started: Callable[[str], None] | None,
) -> None:
    address = _address(listener)

    def tell() -> None:
        _log.info("the service is running", url=address, processes=settings.workers)
        if on_started is not None:
            on_started(address)

    with ExitStack() as stack:
        Supervisor(
            config,
            [listener],
            make_server=partial(Server, config, drain_seconds=settings.shutdown_drain_seconds),
            on_started=tell,
            on_ended=_shared_metrics(settings, stack),
        ).run()


def _shared_metrics(settings: LintelSettings, stack: ExitStack) -> Callable[[int], None]:
    """Where the processes keep their numbers while the stack is open; what is to be done when one has ended."""
    if not settings.metrics_counted:
        return lambda _: None
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="lintel-metrics-")))
    stack.enter_context(metrics_folder_set(folder))
    if settings.metrics_port is not None:
        text = partial(shared_text, folder)
        stack.enter_context(metrics_served(text, host=settings.metrics_host, port=settings.metrics_port))
    return partial(forget_worker, folder)


def _bound(host: str, port: int) -> socket.socket:
    """What the processes listen on. uvicorn's own would say already that it runs."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        _log.error("the port cannot be listened on", reason=str(error).lower())
        raise SystemExit(START_FAILURE) from None
    return listener


def _tell(address: str, on_started: Callable[[str], None]) -> None:
    """Tell somebody as soon as connections are taken."""
    parts = urlsplit(address)
    while True:
        with suppress(OSError), socket.create_connection((parts.hostname or "", parts.port or 0)):
            break
        time.sleep(TELL_SECONDS)
    on_started(address)


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
