"""Makes the lock of the TypeScript client's tools anew: versions and hashes only, as the others.

npm can leave out from where it had the packages, but not the pages of those who take donations.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "clients" / "typescript"
ADDRESSES = ("resolved", "funding")


def main() -> None:
    """Resolve what `package.json` names and write the lock."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is needed to lock the TypeScript client's tools (Debian and Ubuntu: apt-get install npm)")
    options = ["--package-lock-only", "--omit-lockfile-registry-resolved", "--no-audit", "--no-fund", "--silent"]
    subprocess.run([npm, "install", *options], cwd=FOLDER, check=True, timeout=300)
    lock = FOLDER / "package-lock.json"
    content = json.loads(lock.read_text(encoding="utf-8"))
    for package in content["packages"].values():
        for name in ADDRESSES:
            package.pop(name, None)
    lock.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
