import os
from pathlib import Path

import pytest

from lintel.settings import metrics_folder, metrics_folder_set

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@pytest.mark.parametrize("before", [None, "/elsewhere"])
def test_the_folder_is_set_for_as_long_as_the_block_runs(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if before is not None:
        monkeypatch.setenv(VARIABLE, before)
    with metrics_folder_set(Path("/here")):
        assert (os.environ[VARIABLE], metrics_folder()) == ("/here", Path("/here"))
    assert os.environ.get(VARIABLE) == before


def test_an_empty_name_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert metrics_folder() is None
