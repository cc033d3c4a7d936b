"""Environments for libraries that cannot share ours, made from their locks when they are first needed."""

import hashlib
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from bench.harness.servers import ROOT

FOLDER = ROOT / ".bench"
LOCKS = ROOT / "requirements"
SECONDS = 300.0


class NotInstalledError(Exception):
    """The environment is not there, and was not to be made, or could not be. The message says why, in one line."""


def python_of(name: str, *, may_install: bool, folder: Path = FOLDER, locks: Path = LOCKS) -> Path:
    """The Python of an environment that holds what `requirements/<name>.lock` names, and nothing else.

    Args:
        name: Of the lock.
        may_install: Whether to make it if it is not there.
        folder: Where environments are kept; another one for each Python and each text of a lock.
        locks: Where locks are.

    Raises:
        NotInstalledError: It is not there.
    """
    lock = locks / f"{name}.lock"
    fingerprint = hashlib.sha256(platform.python_version().encode() + lock.read_bytes()).hexdigest()[:12]
    home = folder / f"{name}-{fingerprint}"
    python, whole = home / "bin" / "python", home / "whole"
    if not whole.exists():
        if not may_install:
            raise NotInstalledError(f"{name} is not installed: a full run does that")
        _make(home, python, lock)
        whole.touch()
    return python


def _make(home: Path, python: Path, lock: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    install = ["pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "--python", str(python)]
    steps = (
        [sys.executable, "-m", "venv", "--without-pip", str(home)],
        [sys.executable, "-m", "uv", *install, "-r", str(lock)],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False, timeout=SECONDS)
        if done.returncode:
            lines = (done.stderr or done.stdout).strip().splitlines()
            raise NotInstalledError(f"{lock.name} could not be installed: {lines[-1] if lines else done.returncode}")
