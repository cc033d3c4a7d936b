"""Copies of the tree, in which protections are taken out and tests are run."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import NamedTuple, Self

from tests.protections.plugin import REPORT, TREE
from tests.protections.protection import Protection

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED = (
    "src",
    "app",
    "tests",
    "alembic",
    "docs",
    "alembic.ini",
    "pyproject.toml",
    "README.md",
    "ARCHITECTURE.md",
    ".env.example",
)
"""What tests read."""
SECONDS_A_TEST = 40
SECONDS = 1_200.0
"""For all tests as they are."""
SECONDS_WITHOUT = 120.0
"""For those of one protection; where it is gone, some wait for what never comes."""


class WrongTree(Exception):
    """Other code was tried than that of the copy, so that nothing follows from it."""


class Case(NamedTuple):
    """One test with one set of parameters, as far as it came.

    Attributes:
        test: Its node id.
        phase: `collect`, `setup`, `call` or `teardown`.
        outcome: `passed`, `failed` or `skipped`.
        meant: Whether it failed by what it asserts.
        why: The first line of the failure.
    """

    test: str
    phase: str
    outcome: str
    meant: bool
    why: str


@dataclass(frozen=True, slots=True)
class Run:
    """What pytest said.

    Attributes:
        cases: Every test, by case.
        ended: What pytest wrote last.
    """

    cases: Sequence[Case]
    ended: str = ""

    def of(self, test: str) -> list[Case]:
        """The cases of a test, whatever its parameters."""
        return [case for case in self.cases if case.test == test or case.test.startswith(f"{test}[")]

    def has_passed(self, test: str) -> bool:
        """Whether it ran and failed nowhere."""
        cases = self.of(test)
        return any(case.outcome == "passed" for case in cases) and all(case.outcome != "failed" for case in cases)

    def was_skipped(self, test: str) -> bool:
        """Whether it cannot be run on this machine."""
        cases = self.of(test)
        return bool(cases) and all(case.outcome == "skipped" for case in cases)

    def objection(self, test: str) -> str | None:
        """Why a test does not show that something is gone; None if it does."""
        cases = self.of(test)
        if any(case.phase == "call" and case.outcome == "failed" and case.meant for case in cases):
            return None
        failed = [case for case in cases if case.outcome == "failed"]
        if failed:
            return f"fails by accident: {failed[0].why}"
        broken = [case for case in self.cases if case.phase == "collect"]
        return "passes" if cases and not broken else "did not run"


class Tree:
    """A copy of what tests need, to be changed at will.

    Args:
        root: Where it is.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def copied(cls, source: Path, to: Path) -> Self:
        """A copy of a tree, with what Python compiled there."""
        to.mkdir()
        for name in NEEDED:
            if (source / name).is_dir():
                shutil.copytree(source / name, to / name, ignore=shutil.ignore_patterns("*.egg-info", ".*_cache"))
            elif (source / name).exists():
                shutil.copy2(source / name, to / name)
        return cls(to)

    def run(self, tests: Sequence[str], *, seconds: float = SECONDS, compiled_stays: bool = True) -> Run:
        """Run tests on the code of this tree.

        Args:
            tests: Node ids.
            seconds: How long pytest may take.
            compiled_stays: Whether the next run may use what this one compiles.

        Raises:
            WrongTree: They ran on other code.
        """
        report = self.root / "report.json"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "--no-header", f"--timeout={SECONDS_A_TEST}"]
        plugins = ["-p", "no:cacheprovider", "-p", "timeout", "-p", "tests.protections.plugin"]
        try:
            done = subprocess.run(
                [*command, *plugins, *tests],
                cwd=self.root,
                env=self._environment(report) | ({} if compiled_stays else {"PYTHONDONTWRITEBYTECODE": "1"}),
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Run([], "pytest did not end")
        ended = done.stdout[-2_000:] + done.stderr[-2_000:]
        if not report.exists():  # not even its own files could be imported
            return Run([], ended)
        said = json.loads(report.read_text(encoding="utf-8"))
        if said["strays"]:
            raise WrongTree(f"not of {self.root}: {', '.join(said['strays'][:5])}")
        return Run([Case(**case) for case in said["cases"]], ended)

    def run_without(self, protection: Protection) -> Run:
        """Run the tests of a protection while it is gone."""
        path = self.root / protection.file
        source = path.read_text(encoding="utf-8")
        # Of a file that is changed twice within a second, Python would take what it compiled before.
        Path(cache_from_source(str(path))).unlink(missing_ok=True)
        path.write_text(protection.taken_out_of(source), encoding="utf-8")
        try:
            return self.run(protection.tests, seconds=SECONDS_WITHOUT, compiled_stays=False)
        finally:
            path.write_text(source, encoding="utf-8")

    def _environment(self, report: Path) -> dict[str, str]:
        path = os.pathsep.join([str(self.root / "src"), str(self.root)])
        # Loading what nobody asks for takes as long as most of these tests.
        ours = {"PYTHONPATH": path, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", REPORT: str(report), TREE: str(self.root)}
        # Not those of a pytest around this one.
        return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | ours
