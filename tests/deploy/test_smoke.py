"""deploy/smoke.sh with an engine that only writes down what it is asked: the rest of it is real."""

import shutil
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values

from app.core.config import Settings
from lintel.settings import load_settings
from tests.conftest import ROOT

ENGINE = """\
#!/bin/sh
echo "$@" >> "$PWD/asked"
cp .env seen.env 2>/dev/null
case "$*" in *"$FAILS"*) exit 7;; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that the script needs, and an engine."""
    for name in (".env.production", "deploy/smoke.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    engine = tmp_path / "bin" / "docker"
    engine.parent.mkdir()
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    return tmp_path


def run(checkout: Path, *, fails: str = "nothing fails") -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{checkout / 'bin'}:/usr/bin:/bin", "FAILS": fails}
    command = [str(checkout / "deploy" / "smoke.sh")]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=30, check=False)


def asked(checkout: Path) -> list[str]:
    return (checkout / "asked").read_text(encoding="utf-8").splitlines()


def test_starts_everything_with_settings_that_can_be_started_with_and_cleans_up(checkout: Path) -> None:
    done = run(checkout)
    assert (done.returncode, done.stdout) == (0, "It runs, answers through the proxy, and cannot write to itself.\n")
    settings = load_settings(Settings, env_file=checkout / "seen.env")
    assert settings.environment.is_deployed
    assert settings.allowed_hosts == ("localhost",)
    secrets = dotenv_values(checkout / "seen.env")
    assert len({secrets[name] for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")}) == 3
    assert any(line.startswith("compose up --build --detach --wait") for line in asked(checkout))
    assert asked(checkout)[-1].startswith("compose down --volumes")
    assert not (checkout / ".env").exists()


@pytest.mark.parametrize("step", ["compose up", "create-admin", "lintel.probe", "id -u"])
def test_fails_where_a_step_fails_and_cleans_up(checkout: Path, step: str) -> None:
    assert run(checkout, fails=step).returncode == 7
    assert [line.split()[1] for line in asked(checkout)][-2:] == ["logs", "down"]
    assert not (checkout / ".env").exists()


def test_touches_no_settings_that_are_there(checkout: Path) -> None:
    (checkout / ".env").write_text("SECRET_KEY=somebody's\n")
    done = run(checkout)
    assert (done.returncode, "There is a .env already" in done.stderr) == (1, True)
    assert (checkout / ".env").read_text() == "SECRET_KEY=somebody's\n"
    assert not (checkout / "asked").exists()
