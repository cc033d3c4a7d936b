"""An S3 server of a test run's own: moto's, on a free loopback port."""

import importlib.util
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from lintel.testing._process import OwnProcess, ServerUnavailable
from lintel.testing._servers import RunningServer, listening, own_folder, started

PROGRAM = """
import sys
from threading import Lock
from moto import server

class OneAtATime(server.DomainDispatcherApplication):
    turn = Lock()
    def __call__(self, environ, start_response):
        with self.turn:
            return super().__call__(environ, start_response)

server.DomainDispatcherApplication = OneAtATime
server.main(["-H", "127.0.0.1", "-p", sys.argv[1]])
"""
"""moto looks whether an object is there and then writes it; the servers it stands for do both at once."""
BUCKET = "lintel-tests"
REGION = "us-east-1"
CREDENTIAL = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
"""It verifies none, but reads from it which service is meant."""


@contextmanager
def s3_server() -> Iterator[RunningServer]:
    """A server with one empty bucket while the block runs; its URL is one of `STORAGE_URL`.

    It keeps everything in memory, accepts any credentials and verifies no signature.

    Raises:
        ServerUnavailable: moto is not installed, or does not start.
    """
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        raise ServerUnavailable("moto is not installed: `pip install moto[server]`.")
    with own_folder(None) as folder:

        def launch(port: int) -> OwnProcess:
            process = OwnProcess(command=[sys.executable, "-c", PROGRAM, str(port)], folder=folder)
            return started(process, lambda: f"Running on http://127.0.0.1:{port}" in process.log)

        with listening(launch) as (process, port):
            endpoint = f"http://127.0.0.1:{port}"
            s3_request(endpoint, "PUT", f"/{BUCKET}")
            yield RunningServer(
                url=f"s3://{BUCKET}?endpoint={endpoint}&region={REGION}", folder=folder, process=process
            )


def s3_request(endpoint: str, method: str, path: str) -> str:
    """What the server says to a plain request, to look at what no client shows."""
    headers = {"Authorization": CREDENTIAL}
    request = urllib.request.Request(endpoint + path, method=method, data=b"", headers=headers)  # noqa: S310 - ours
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - ours
        text: str = answer.read().decode()
    return text
