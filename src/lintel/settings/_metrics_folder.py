"""Where several server processes keep their metrics for each other."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Named and read by prometheus_client: it keeps its numbers there if this is set when it is first imported."""


def metrics_folder() -> Path | None:
    """The folder that the processes of this service share; None where each has its own numbers."""
    folder = os.environ.get(VARIABLE)
    return Path(folder) if folder else None


@contextmanager
def metrics_folder_set(folder: Path) -> Iterator[None]:
    """Let the processes that are started while the block runs share a folder."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
