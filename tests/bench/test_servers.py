"""Servers under test start, answer, and are gone afterwards."""

import json
from pathlib import Path

import pytest

from bench.apps.item import PATH
from bench.harness.cores import Cores
from bench.harness.load import Request, WrongAnswerError, send
from bench.harness.proc import cpu_seconds
from bench.harness.serve import MODULES
from bench.harness.servers import App, environment_of, running

BARE = App(factory="bench.apps.bare:create")
ANYWHERE = Cores(None, None)


class TestRunning:
    def test_serves_while_the_block_runs_and_tells_what_it_imported(self, tmp_path: Path) -> None:
        with running(BARE, Request(path=PATH), folder=tmp_path, cores=ANYWHERE) as server:
            assert send(Request(path=PATH), port=server.port, count=3, connections=1, deadline=30) > 50
            assert cpu_seconds(server.pid) > 0
        with pytest.raises(ProcessLookupError):
            cpu_seconds(server.pid)
        names = json.loads((tmp_path / MODULES).read_text(encoding="utf-8"))
        assert {"fastapi", "uvicorn", "bench.apps.bare"} <= set(names)

    def test_quotes_what_a_server_wrote_that_could_not_start(self, tmp_path: Path) -> None:
        broken = App(factory="bench.apps.bare:no_such_function")
        with (
            pytest.raises(WrongAnswerError) as raised,
            running(broken, Request(path=PATH), folder=tmp_path, cores=ANYWHERE),
        ):
            pass
        assert "no_such_function" in raised.value.__notes__[0]


class TestEnvironment:
    def test_has_no_variable_of_this_machine_that_could_be_a_setting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
        environment = environment_of(App(factory="x:y", environment={"LOG_LEVEL": "ERROR"}))
        assert "DATABASE_URL" not in environment
        assert environment["LOG_LEVEL"] == "ERROR"
        assert environment["PYTHONHASHSEED"] == "0"
