"""`make dev`: the service starts anew when a source file changes."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.process.conftest import ROOT, START_SECONDS, ServerProcess, environment, server_process

SOURCES = ("app", "src", "alembic", "alembic.ini", "pyproject.toml")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sources, somewhere where they may be changed."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def server(checkout: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    """What `make dev` starts, on those sources."""
    asked = subprocess.run(
        ["make", "--dry-run", "--assume-old=.venv/.dev", "dev"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    command = re.search(r"python -m (app serve .*)$", asked.stdout, re.MULTILINE)
    assert command is not None
    env = environment(tmp_path / "data", PYTHONPATH=f"{checkout}:{checkout / 'src'}")
    with server_process(command[1].split(), checkout, env) as running:
        yield running
        assert running.stop() == 0


def wait_for_title(url: str, title: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            answer = httpx2.get(f"{url}/openapi.json", timeout=5)
        except httpx2.HTTPError:
            continue  # it is between two lives
        if answer.json()["info"]["title"] == title:
            return
        time.sleep(0.1)
    raise AssertionError(f"{title} was not served in {START_SECONDS} s")


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.slow
class TestReload:
    def test_serves_what_was_written_and_logs_as_text(self, server: ServerProcess, checkout: Path) -> None:
        wait_for_title(server.url, "Lintel")
        change(checkout / "app" / "core" / "config.py", 'default="Lintel"', 'default="Changed in the service"')
        wait_for_title(server.url, "Changed in the service")
        change(
            checkout / "src" / "lintel" / "application.py",
            "title=settings.app_name,",
            'title="Changed in the library",',
        )
        wait_for_title(server.url, "Changed in the library")
        assert '{"' not in server.output.partition("Stop with Ctrl-C")[2]
        assert "Traceback" not in server.output

    def test_survives_a_mistake_and_comes_back_when_it_is_mended(self, server: ServerProcess, checkout: Path) -> None:
        wait_for_title(server.url, "Lintel")
        change(checkout / "app" / "core" / "config.py", "class Settings(", "class Settings(((")
        deadline = time.monotonic() + START_SECONDS
        while "SyntaxError" not in server.output:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        change(checkout / "app" / "core" / "config.py", "class Settings(((", "class Settings(")
        wait_for_title(server.url, "Lintel")
