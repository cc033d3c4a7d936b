"""Where the metrics can be read."""

import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

import anyio.to_thread
import structlog
from fastapi import Depends
from starlette.responses import Response

from lintel.observability._metrics import Metrics
from lintel.routing import Router
from lintel.settings import SettingsError

METRICS_PATH = "/metrics"
SPELLINGS = (METRICS_PATH, f"{METRICS_PATH}/")
"""As on the service's own port."""
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_log = structlog.get_logger("lintel.metrics")


def metrics_router(metrics: Metrics, *, guard: Callable[..., Any] | None) -> Router:
    """`GET /metrics`, for whom a dependency lets through, or for everybody."""
    router = Router(include_in_schema=False, dependencies=[Depends(guard)] if guard is not None else [])

    @router.get(METRICS_PATH)
    async def read_metrics() -> Response:
        # Merging the files of many processes takes a while.
        return Response(await anyio.to_thread.run_sync(metrics.text), media_type=MEDIA_TYPE)

    return router


@contextmanager
def metrics_served(text: Callable[[], bytes], *, host: str, port: int) -> Iterator[None]:
    """Serve `GET /metrics` on a port of its own, to everybody who reaches it, from threads of its own.

    Raises:
        SettingsError: The port cannot be listened on, or there is no such host.
    """
    with _server(text, host, port) as server:
        thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        _log.info("metrics are served", host=host, port=server.server_address[1])
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def metrics_port(metrics: Metrics, *, host: str, port: int) -> Callable[[], AbstractAsyncContextManager[None]]:
    """The same as a resource of an application."""

    @asynccontextmanager
    async def served() -> AsyncIterator[None]:
        with metrics_served(metrics.text, host=host, port=port):
            yield

    return served


def check_metrics_port(*, host: str, port: int) -> None:
    """Find out early whether the port can be listened on, while that can still be said in one line.

    Raises:
        SettingsError: It cannot.
    """
    _server(bytes, host, port).server_close()


def _server(text: Callable[[], bytes], host: str, port: int) -> ThreadingTCPServer:
    class Server(ThreadingTCPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        allow_reuse_address = True
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A scraper that is gone is no error of ours; anything else is one record."""
            error = sys.exc_info()[1]
            if not isinstance(error, (ConnectionError, TimeoutError)):
                _log.error("metrics could not be served", exc_info=error)

    class Handler(_Handler):
        read = staticmethod(text)

    try:
        return Server((host, port), Handler)
    except socket.gaierror:
        raise SettingsError({"METRICS_HOST": "is no such address"}) from None
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "no such address"
        raise SettingsError({"METRICS_PORT": f"cannot be listened on ({reason})"}) from None


class _Handler(BaseHTTPRequestHandler):
    """One request of a scraper."""

    timeout = 5
    """Seconds that it may be silent."""
    read: Callable[[], bytes]

    def do_GET(self) -> None:
        """Answer with the metrics, or that they are elsewhere."""
        if self.path.partition("?")[0] not in SPELLINGS:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        content = self.read()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", MEDIA_TYPE)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_HEAD = do_GET  # noqa: N815 - the base class names it so

    def do_POST(self) -> None:
        """Refuse what could only be meant for another port."""
        self.send_response(HTTPStatus.METHOD_NOT_ALLOWED)
        self.send_header("Allow", "GET, HEAD")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST  # noqa: N815 - as above

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without the name and version of the server."""
        self.send_response_only(code, message)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nothing: it would be a line every few seconds."""
