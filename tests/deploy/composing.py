"""compose.yaml as the engine would understand it: anchors merged, variables filled in."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

from tests.conftest import ROOT

COMPOSE = ROOT / "compose.yaml"
TEMPLATE = ROOT / ".env.production"
VALUES = {
    "SECRET_KEY": "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA",
    "ALLOWED_HOSTS": "api.lintel.test",
    "POSTGRES_PASSWORD": "9c1185a5c5e9fc54612808977ee8f548",
    "REDIS_PASSWORD": "b2c9b3e6a1d24ef0a9d9a8b1c3d4e5f6",
    "FIRST_ADMIN_EMAIL": "root@lintel.dev",
    "MAIL_URL": "smtp://lintel:2f1c0b7d@mail.lintel.test:587",
    "MAIL_FROM": "noreply@lintel.dev",
    "PUBLIC_URL": "https://api.lintel.test",
}
"""What an operator puts in the place of each change-me."""
_VARIABLE = re.compile(r"\$(?:\$|\{(\w+)(?:(:-|:\?)((?:[^{}]|\$\{[^{}]*\})*))?\})")


def fill_in(folder: Path) -> dict[str, str | None]:
    """Do what an operator does: copy the template to .env and replace every placeholder. The lines as they are read."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in VALUES.items():
        text = text.replace(f"\n{name}=change-me\n", f"\n{name}={value}\n")
    (folder / ".env").write_text(text, encoding="utf-8")
    return dotenv_values(folder / ".env")


def of_this_machine() -> dict[str, str]:
    """What processes here need beside their settings; `python` is the interpreter of the tests."""
    kept = {name: value for name, value in os.environ.items() if name in {"HOME", "LANG", "TMPDIR"}}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT)}


def services(variables: Mapping[str, str | None]) -> dict[str, Any]:
    """Every service, with the variables of the engine's `.env` in their places.

    Raises:
        LookupError: A variable that must be set is not; its message is that of the file.
    """
    content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return {name: filled_in(service, variables) for name, service in content["services"].items()}


def filled_in(value: Any, variables: Mapping[str, str | None]) -> Any:
    """A value of the file with its variables in their places, and `$$` as a dollar sign."""
    if isinstance(value, dict):
        return {name: filled_in(item, variables) for name, item in value.items()}
    if isinstance(value, list):
        return [filled_in(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def replaced(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        if name is None:
            return "$"
        given = variables.get(name)
        if given or not operator:
            return given or ""
        if operator == ":?":
            raise LookupError(f"{name} {rest}")
        return str(filled_in(rest, variables))

    return _VARIABLE.sub(replaced, value)


def server_names(proxy: Mapping[str, Any]) -> str:
    """What the proxy's entry makes of ALLOWED_HOSTS, for the image's own entry to fill in."""
    entry = [part.replace("/docker-entrypoint.sh", "printenv") for part in proxy["entrypoint"]]
    env = {**of_this_machine(), **proxy["environment"]}
    return subprocess.run([*entry, "SERVER_NAMES"], env=env, capture_output=True, text=True, check=True).stdout


def environment(service: Mapping[str, Any], env_file: Mapping[str, str | None]) -> dict[str, str]:
    """What a service's processes see: its file of variables, and over it what it declares itself."""
    of_file = {name: value or "" for name, value in env_file.items()} if "env_file" in service else {}
    return {**of_file, **service.get("environment", {})}
