"""`python -m bench.harness.importing FILE`: a process that has merely imported the modules named in a file.

It says so on standard output, and ends when its standard input does.
"""

import json
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Import, say so, wait."""
    for name in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        # Some names exist only once their parent has made them, and some processes have no use for some modules.
        with suppress(Exception):
            import_module(name)
    print("imported", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
