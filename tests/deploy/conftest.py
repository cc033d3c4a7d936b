"""What stands around the service in production, on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from tests.deploy.proxies import RunningProxy, running_proxy


class Upstream(BaseHTTPRequestHandler):
    """Answers with what it was sent, so that a test sees what the proxy passes on."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[str]] = []

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.seen.append(self.path)
        content = json.dumps(
            {"path": self.path, "headers": [[n.lower(), v] for n, v in self.headers.items()], "bytes": len(body)}
        ).encode()
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer  # noqa: N815 - the base class looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nothing: the tests look at the answers."""


@pytest.fixture(scope="session")
def upstream() -> Iterator[str]:
    """Address of a server that tells what it was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def proxy(upstream: str) -> Iterator[RunningProxy]:
    """The shipped proxy in front of it."""
    with running_proxy(upstream) as running:
        yield running
