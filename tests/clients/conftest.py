"""A running service and its document."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.conftest import ServerProcess, environment, server_process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """The service as `make run` starts it."""
    folder = tmp_path_factory.mktemp("server")
    env = environment(folder / "data", RATE_LIMIT_PER_MINUTE="0")
    with server_process(["app", "serve", "--prepare"], folder, env) as process:
        yield process


@pytest.fixture
def document(server: ServerProcess, tmp_path: Path) -> Path:
    """What the running service says of itself, in a file: all that generators are given."""
    with server.client() as client:
        answer = client.get("/openapi.json")
    path = tmp_path / "openapi.json"
    path.write_bytes(answer.content)
    return path
