"""Thousands of requests made from the document itself, right and wrong ones, to a real server.

No answer is a 5xx, none has a status, a body, a header or a media type that the document does not name, nothing that
the document forbids is accepted. The requests are the same in every run; `make soak` makes new ones.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from lintel.testing import create_database, drop_database
from tests.process.conftest import ROOT, ServerProcess, StartServer

pytestmark = pytest.mark.slow

CONFIG = ROOT / "tests" / "process" / "schemathesis.toml"
LEAVING = ("logout", "delete_me", "end_session")
"""After these every further request would be refused; tests of their own are about them."""
EXAMPLES = 25
"""Random ones for each operation, beside those that cover every boundary."""
DEADLINE_SECONDS = 300
ADMIN = {"FIRST_ADMIN_EMAIL": "root@example.com", "FIRST_ADMIN_PASSWORD": "Lovelace1815"}
BEYOND_A_SCHEMA = "positive_data_acceptance"
"""Two passwords that differ, a name of spaces alone: refused for reasons that JSON Schema cannot express."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def server(request: pytest.FixtureRequest, start_server: StartServer) -> Iterator[ServerProcess]:
    """The service with nothing in it but its administrator."""
    # An administrator's requests would switch analyses off, whose answer then is a 503 that is meant.
    values = {**ADMIN, "RATE_LIMIT_PER_MINUTE": "0", "LOG_FORMAT": "json", "FLAG_ANALYSES": "true"}
    if request.param == "sqlite":
        yield start_server(**values)
        return
    url, name = request.getfixturevalue("postgres_url"), f"lintel_{uuid4().hex}"
    created = asyncio.run(create_database(url, name))
    server = start_server(**values, DATABASE_URL=created)
    yield server
    server.stop()
    asyncio.run(drop_database(url, name))


def token_of(server: ServerProcess, email: str, password: str) -> str:
    with server.client() as client:
        answer = client.post("/api/v1/auth/login", data={"username": email, "password": password})
    token: str = answer.raise_for_status().json()["access_token"]
    return token


def fuzz(server: ServerProcess, token: str, folder: Path) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run", f"{server.url}/openapi.json"),
        *("--header", f"Authorization: Bearer {token}"),
        *("--checks", "all", "--exclude-checks", BEYOND_A_SCHEMA, "--continue-on-failure"),
        *("--max-examples", str(EXAMPLES), "--generation-deterministic"),
        *("--request-timeout", "10", "--no-color"),
        *(f"--exclude-operation-id={name}" for name in LEAVING),
    ]
    env = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.process.fuzzing_hooks", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout[-8_000:]


def records(server: ServerProcess) -> list[dict[str, object]]:
    return [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]


def check_the_log(server: ServerProcess) -> None:
    """Nothing went wrong, whatever was sent."""
    written = records(server)
    assert [record for record in written if record["level"] in {"error", "critical"}] == []
    assert "Traceback" not in server.output
    statuses = [record["status"] for record in written if record["message"] == "request"]
    assert statuses.count(401) < len(statuses) / 4, "whose requests are all refused finds nothing"


def test_an_administrators_requests_find_nothing(server: ServerProcess, tmp_path: Path) -> None:
    fuzz(server, token_of(server, "root@example.com", "Lovelace1815"), tmp_path)
    check_the_log(server)
    assert httpx2.get(f"{server.url}/ready", timeout=10).status_code == 200


def test_a_users_requests_find_nothing(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(RATE_LIMIT_PER_MINUTE="0", LOG_FORMAT="json")
    with server.client() as client:
        body = {"email": "ada@example.com", "password": "Lovelace1815"}
        client.post("/api/v1/auth/register", json=body).raise_for_status()
    fuzz(server, token_of(server, "ada@example.com", "Lovelace1815"), tmp_path)
    check_the_log(server)
