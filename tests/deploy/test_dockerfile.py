"""The image: its steps done one by one, and the service run from what they made, as an engine would run it."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from lintel.testing._process import free_port
from tests.conftest import ROOT
from tests.deploy.images import Image, build, context_files, instructions
from tests.deploy.waiting import wait_until

DOCKERFILE = ROOT / "Dockerfile"
STOP_SECONDS = 15.0
SETTINGS = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA",
    "ALLOWED_HOSTS": "api.lintel.test, other.lintel.test",
    "HOST": "127.0.0.1",
    "EMAIL_VERIFICATION": "optional",  # there is no mail server
}


class TestInstructions:
    def said(self, name: str) -> list[str]:
        return [step.text for step in instructions(DOCKERFILE) if step.name == name]

    def test_run_as_a_number_that_is_not_root(self) -> None:
        assert self.said("USER") == ["10001:10001"]

    def test_name_one_base_with_its_version(self) -> None:
        build, final = self.said("FROM")
        assert re.fullmatch(r"python:3\.\d+-slim-\w+", final)
        assert build == f"{final} AS build"

    def test_start_the_service_itself_without_a_shell(self) -> None:
        assert [json.loads(text) for text in self.said("CMD")] == [["python", "-m", "app", "serve"]]

    def test_hold_no_secret(self) -> None:
        assert not re.search(r"(?i)(secret|password|token)", " ".join(self.said("ENV") + self.said("ARG")))

    def test_install_only_what_the_lock_names(self) -> None:
        installs = [run for run in self.said("RUN") if "pip install" in run]
        assert all("--require-hashes" in run or "--no-index" in run for run in installs)
        assert not [run for run in self.said("RUN") if re.search(r"\b(apt|apt-get|curl|wget)\b", run)]


class TestContext:
    def test_is_what_the_image_needs_and_nothing_else(self) -> None:
        files = set(context_files(ROOT))
        assert {"app/main.py", "src/lintel/py.typed", "alembic/env.py", "requirements/service.lock"} <= files
        tops = {name.partition("/")[0] for name in files}
        assert tops == {
            "LICENSE",
            "README.md",
            "alembic",
            "alembic.ini",
            "app",
            "pyproject.toml",
            "requirements",
            "src",
        }
        assert not [name for name in files if "__pycache__" in name or name.endswith((".env", ".pyc", "dev.lock"))]


@contextmanager
def folder_for_anybody() -> Iterator[Path]:
    """A folder that another user may enter, as they may the image's root."""
    folder = Path(tempfile.mkdtemp(prefix="lintel-image-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(image: Image, command: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the image, as its user; gone afterwards, by its id."""
    process = subprocess.Popen(image.as_its_user(command), cwd=image.path("."), env=env)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(STOP_SECONDS)


def exit_code(image: Image, command: list[str], env: dict[str, str]) -> int:
    with running(image, command, env) as process:
        return process.wait(60)


def written_files(image: Image) -> dict[str, float]:
    """Every file of the image outside of its volume, and when it was written."""
    volume = image.path("/data")
    files = (path for path in image.root.rglob("*") if path.is_file() and volume not in path.parents)
    return {str(path): path.stat().st_mtime for path in files}


@pytest.mark.slow
class TestImage:
    def test_is_built_starts_unprivileged_is_healthy_and_stops_in_order(self) -> None:
        with folder_for_anybody() as folder:
            image = build(DOCKERFILE, folder)
            port = free_port()
            env = image.environment(**SETTINGS, PORT=str(port))
            healthcheck = image.command("HEALTHCHECK")
            before = written_files(image)

            assert exit_code(image, ["python", "-m", "app", "migrate"], env) == 0
            assert exit_code(image, healthcheck, env) == 1
            with running(image, image.command("CMD"), env) as process:
                wait_until(lambda: exit_code(image, healthcheck, env) == 0, "the service is healthy")
                self.check_the_service(f"http://127.0.0.1:{port}")
                self.check_the_user(image, process.pid)
                process.send_signal(getattr(signal, image.said["STOPSIGNAL"]))
                assert process.wait(STOP_SECONDS) == 0
            assert exit_code(image, healthcheck, env) == 1

            assert written_files(image) == before
            assert (image.path("/data") / "lintel.db").is_file()
            self.check_the_content(image)

    def check_the_service(self, url: str) -> None:
        with httpx2.Client(base_url=url, headers={"Host": "api.lintel.test"}) as client:
            body = {"email": "ada@lintel.dev", "password": "Lovelace1815"}
            assert client.post("/api/v1/auth/register", json=body).status_code == 201
            assert client.get("/ready").json()["services"] == {"database": True, "storage": True}
            assert client.get("/docs").status_code == 404

    def check_the_user(self, image: Image, pid: int) -> None:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        uids = set(re.findall(r"\d+", re.search(r"Uid:(.*)", status)[1]))  # type: ignore[index]
        assert uids == {str(image.user if os.geteuid() == 0 else os.geteuid())}

    def check_the_content(self, image: Image) -> None:
        """No installer, no build tool, no test, and the library as it was packed."""
        packages = {path.name for path in image.path("/opt/venv/lib").glob("*/site-packages/*")}
        assert {"lintel", "fastapi", "asyncpg", "redis"} <= packages
        assert not {"pip", "hatchling", "pytest", "app", "tests"} & packages
        assert {path.name for path in image.path("/srv").iterdir()} == {"alembic", "alembic.ini", "app"}
