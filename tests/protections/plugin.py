"""What pytest says of a run in a copied tree: each failure with whether a test meant it, and whose code ran.

For `pytest -p tests.protections.plugin` only; where to write, and which tree it must be, come from the environment.
"""

import json
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

REPORT, TREE = "PROTECTIONS_REPORT", "PROTECTIONS_TREE"
OURS = frozenset({"lintel", "app", "tests"})
TIMED_OUT = "Timeout ("
"""How a test that hangs fails, of which nothing follows."""

ON_POSTGRESQL = "postgresql"

_cases: list[dict[str, Any]] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the cases on PostgreSQL out, which take longer, but for those that are asked for by name."""
    asked = frozenset(config.args)
    items[:] = [item for item in items if ON_POSTGRESQL not in item.name or item.nodeid in asked]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how each phase of each test ended."""
    report = yield
    error = None if call.excinfo is None else call.excinfo.value
    if report.when == "call" or not report.passed:
        _note(item.nodeid, report.when, report.outcome, error)
    return report


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note what could not even be imported."""
    if report.failed:
        _cases.append({"test": report.nodeid, "phase": "collect", "outcome": "failed", "meant": False, "why": "import"})


def pytest_sessionfinish() -> None:
    """Write it all down, with the modules that were imported from elsewhere."""
    root = Path(os.environ[TREE]).resolve()
    files = {name: getattr(module, "__file__", None) for name, module in [*sys.modules.items()]}
    ours = {name: Path(file).resolve() for name, file in files.items() if file and name.partition(".")[0] in OURS}
    strays = sorted(f"{name} ({file})" for name, file in ours.items() if not file.is_relative_to(root))
    Path(os.environ[REPORT]).write_text(json.dumps({"cases": _cases, "strays": strays}), encoding="utf-8")


def _note(test: str, phase: str, outcome: str, error: BaseException | None) -> None:
    meant = isinstance(error, AssertionError | pytest.fail.Exception) and TIMED_OUT not in str(error)
    lines = [line for line in str(error or "").splitlines() if line.strip()]
    why = f"{type(error).__name__}: {lines[0].strip() if lines else ''}"[:120]
    _cases.append({"test": test, "phase": phase, "outcome": outcome, "meant": meant, "why": why})
