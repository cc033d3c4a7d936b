"""The template of production settings: refused as it stands, complete, and without a name that nobody reads."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from app.core.config import Settings
from lintel.settings import example_env_file, misspelt_names
from tests.deploy.composing import COMPOSE, TEMPLATE, VALUES, fill_in, of_this_machine

LEFT_TO_FILL_IN = {*VALUES, "DATABASE_URL", "REDIS_URL"}


@pytest.mark.slow
@pytest.mark.parametrize("command", ["serve", "migrate", "create-admin", "settings"])
def test_is_refused_as_it_stands_with_every_fault_and_no_value(tmp_path: Path, command: str) -> None:
    (tmp_path / ".env").write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "app", command],
        cwd=tmp_path,
        env=of_this_machine(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    lines = [line.strip() for line in done.stderr.strip().splitlines()[1:]]
    assert dict(line.split(" ", 1) for line in lines) == dict.fromkeys(
        LEFT_TO_FILL_IN, "is a placeholder: put a value of your own in its place"
    )
    assert "change-me" not in done.stdout + done.stderr


def test_names_settings_and_what_compose_asks_for_and_nothing_else() -> None:
    settings = set(re.findall(r"^#([A-Z0-9_]+)=", example_env_file(Settings), re.MULTILINE))
    asked_for = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text(encoding="utf-8")))
    assert set(dotenv_values(TEMPLATE)) - settings <= asked_for
    assert misspelt_names(Settings, env_file=TEMPLATE) == {}


def test_has_everything_that_compose_cannot_do_without() -> None:
    required = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text(encoding="utf-8")))
    assert required
    assert required <= set(dotenv_values(TEMPLATE))


def test_leaves_no_placeholder_when_it_is_filled_in(tmp_path: Path) -> None:
    variables = fill_in(tmp_path)
    assert variables["DATABASE_URL"] == f"postgresql://lintel:{VALUES['POSTGRES_PASSWORD']}@postgres:5432/lintel"
    assert variables["REDIS_URL"] == f"redis://:{VALUES['REDIS_PASSWORD']}@redis:6379/0"
    assert "change-me" not in json.dumps(variables)
