"""Whether the locks are what they should be: no addresses, and installable on every supported Python that is here."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

LOCKS = Path(__file__).resolve().parent.parent / "requirements"
SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
ADDRESS = re.compile(r"https?://|--index|--find|--extra-index|file:")
TIMEOUT = 600


def check_addresses() -> list[str]:
    """Locks hold versions and hashes only; an address would tie everybody to one host."""
    return [
        f"{lock.name}:{number}: an address in a lock"
        for lock in sorted(LOCKS.glob("*.lock"))
        for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines(), 1)
        if ADDRESS.search(line)
    ]


def check_installs(python: str, version: str) -> list[str]:
    """Plain pip, with hashes, in an environment of its own, and the application imports."""
    with tempfile.TemporaryDirectory() as folder:
        inside = str(Path(folder) / "bin" / "python")
        lock = str(LOCKS / "service.lock")
        root = LOCKS.parent
        pip = [inside, "-m", "pip", "--disable-pip-version-check"]
        steps = [
            [python, "-m", "venv", folder],
            [*pip, "install", "-q", "--require-hashes", "--only-binary", ":all:", "-r", lock],
            [*pip, "check"],
            [inside, "-c", f"import sys; sys.path[:0] = [{str(root / 'src')!r}, {str(root)!r}]; import app.main"],
        ]
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, timeout=TIMEOUT, check=False)
            if done.returncode:
                return [f"service.lock on Python {version}: {(done.stderr or done.stdout).strip().splitlines()[-1]}"]
    return []


def candidates(version: str) -> Iterator[str]:
    """Where a Python may be: on the path, or kept by pyenv without being the chosen one."""
    found = shutil.which(f"python{version}")
    if found:
        yield found
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from (str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True))


def is_usable(python: str, version: str) -> bool:
    """Whether this is the Python it says it is; a version manager leaves names of versions that are not there."""
    probe = [python, "-c", "import sys, venv; print('%d.%d' % sys.version_info[:2])"]
    done = subprocess.run(probe, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    return done.returncode == 0 and done.stdout.strip() == version


def main() -> int:
    """Print what was checked and what is wrong."""
    faults = check_addresses()
    for version in SUPPORTED:
        python = next((path for path in candidates(version) if is_usable(path, version)), None)
        if python is None:
            print(f"Python {version}: not here, not checked")
            continue
        found = check_installs(python, version)
        faults += found
        print(f"Python {version}: {'fails' if found else 'installs service.lock'}")
    for fault in faults:
        print(fault, file=sys.stderr)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
