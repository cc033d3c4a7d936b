"""The tools that generate clients: installed from their locks, the first time they are needed."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

from bench.harness.venvs import NotInstalledError, python_of

HERE = Path(__file__).resolve().parent
SECONDS = 300.0


def python_tools() -> Path:
    """The Python of an environment with openapi-python-client and mypy. It skips the test where there is none."""
    try:
        return python_of("clients", may_install=True)
    except NotInstalledError as error:
        _cannot(str(error))


def node_tools() -> Path:
    """The `node_modules` with openapi-typescript and TypeScript. It skips the test where there are none."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        _cannot("Node.js or npm is not installed (Debian and Ubuntu: apt-get install nodejs npm)")
    folder = HERE / "typescript"
    modules = folder / "node_modules"
    whole = modules / hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()[:12]
    if not whole.exists():
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode:
            _cannot(f"npm could not install what package-lock.json names: {done.stderr.strip()}")
        whole.touch()
    return modules


def run(*command: str | Path, cwd: Path) -> str:
    """All that a program writes; that it ended well is asserted."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def _cannot(reason: str) -> NoReturn:
    """Skip, or fail where `CI` is `true`: a pipeline must not turn green by testing less."""
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)
