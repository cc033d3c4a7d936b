"""Too few descriptors, and nobody who reads the log."""

import json
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.conftest import Saw
from tests.faults.fleet import SECONDS, Client, until
from tests.process.conftest import PORT, START_SECONDS, ServerProcess, environment, server_process
from tests.process.sockets import ADMIN

pytestmark = pytest.mark.slow
DESCRIPTORS = 256
CONNECTIONS = 400
ROOM = 5
"""Descriptors that are opened for a moment now and then."""
RECORDS = 400
"""Twice what a pipe holds."""
LIMITED = (
    "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_NOFILE, ({0}, {0}));"
    "sys.argv = ['app', 'serve', '--prepare']; runpy.run_module('app', run_name='__main__')"
)


@pytest.mark.fault(
    "256 descriptors (`ulimit -n 256`) and 400 connections",
    "answers on those it has room for; when they close it answers everybody again, without a restart",
)
def test_too_few_descriptors(tmp_path: Path, saw: Saw) -> None:
    (tmp_path / "limited.py").write_text(LIMITED.format(DESCRIPTORS), encoding="utf-8")
    env = environment(tmp_path / "data", **ADMIN, RATE_LIMIT_PER_MINUTE="0", LOG_FORMAT="json")
    env["PYTHONPATH"] += f":{tmp_path}"
    with server_process(["limited"], tmp_path, env) as server, ExitStack() as stack:
        client = Client(server)

        def used_up() -> bool:
            assert client.ask("GET", "/users/me").status_code == 200  # on the connection that it has
            return _descriptors(server) > DESCRIPTORS - ROOM

        used_up()
        stack.callback(client.close)
        port = int(server.url.rpartition(":")[2])
        with ExitStack() as crowd:
            for _ in range(CONNECTIONS):
                crowd.enter_context(socket.create_connection(("127.0.0.1", port), timeout=SECONDS))
            until(used_up, "it never runs out of descriptors")
        started = time.monotonic()
        until(lambda: _is_alive(server), "it answers nobody new any more")
        back = time.monotonic() - started
        number = client.ask("POST", "/analyses", json={"text_content": "Good.", "analysis_type": "sentiment"})
        assert number.status_code == 201
        assert client.is_content()
        assert server.stop() == 0
    saw(f"one with a connection was answered throughout; new ones {back:.1f} s after the others closed")


def _descriptors(server: ServerProcess) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def _is_alive(server: ServerProcess) -> bool:
    try:
        return httpx2.get(f"{server.url}/ready", timeout=2).status_code == 200
    except httpx2.HTTPError:
        return False


@pytest.mark.fault(
    "nobody reads the log (standard output is a full pipe)",
    "answers as always; keeps records up to 4 MB for a reader that comes back, counts what it drops",
)
def test_a_log_that_nobody_reads(tmp_path: Path, saw: Saw) -> None:
    env = environment(tmp_path / "data", **ADMIN, RATE_LIMIT_PER_MINUTE="0", LOG_FORMAT="json")
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--prepare"], cwd=tmp_path, env=env, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        head = ""
        while not (found := PORT.search(head)):
            head += process.stdout.readline().decode()
        url = f"http://127.0.0.1:{found[1]}"
        ids = []
        with httpx2.Client(base_url=url, timeout=START_SECONDS) as client:
            for _ in range(RECORDS):
                answer = client.get("/nowhere")
                assert answer.status_code == 404
                ids.append(answer.headers["x-request-id"])
            assert client.get("/health").status_code == 200
        process.terminate()
        log = process.communicate(timeout=SECONDS)[0].decode()
        assert process.returncode == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(SECONDS)
    records = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    logged = re.findall(r'"request_id": ?"([^"]+)"', "".join(map(json.dumps, records)))
    assert [request_id for request_id in logged if request_id in set(ids)] == ids
    saw(f"{RECORDS} of {RECORDS} requests answered; their {len(ids)} records in order for the reader that came back")
