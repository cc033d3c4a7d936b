"""The service as its users run it, with a client that is signed in as its administrator."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

from bench.harness.cores import Cores
from bench.harness.load import WrongAnswerError
from bench.harness.servers import START_SECONDS, environment_of, stop

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
EMAIL, PASSWORD = "root@example.com", "Lovelace1815"
SETTINGS = {
    "FIRST_ADMIN_EMAIL": EMAIL,
    "FIRST_ADMIN_PASSWORD": PASSWORD,
    "RATE_LIMIT_PER_MINUTE": "0",
    "LOG_FORMAT": "json",
    "PORT": "0",
}


@contextmanager
def signed_in(folder: Path, settings: Mapping[str, str], cores: Cores) -> Iterator[httpx2.Client]:
    """Serve on all cores that there are while the block runs.

    Args:
        folder: Where it works, and keeps its data where no other place is named.
        settings: Beside the usual.
        cores: Of this machine.

    Raises:
        WrongAnswerError: It did not start.
    """
    log = folder / "server.log"
    values = {**environment_of(), **SETTINGS, "DATA_DIR": str(folder / "data"), **settings}
    with log.open("wb") as output:
        command = [sys.executable, "-m", "app", "serve", "--prepare"]
        process = subprocess.Popen(command, cwd=folder, env=values, stdout=output, stderr=subprocess.STDOUT)
    try:
        if cores.server is not None and cores.others is not None:
            os.sched_setaffinity(process.pid, {cores.server, cores.others})
        with httpx2.Client(base_url=_address(log), timeout=30) as client:
            answer = client.post("/api/v1/auth/login", data={"username": EMAIL, "password": PASSWORD})
            client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
            yield client
    finally:
        stop(process)


def _address(log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while (found := ADDRESS.search(log.read_text(encoding="utf-8"))) is None:
        if time.monotonic() > deadline:
            raise WrongAnswerError(f"the service did not start: {log.read_text(encoding='utf-8')[-2_000:]}")
        time.sleep(0.05)
    return found[0]
