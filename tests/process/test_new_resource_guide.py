"""docs/guides/new-resource.diff, applied to a copy of the tree."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.protections.trial import ROOT, Tree

DIFF = ROOT / "docs" / "guides" / "new-resource.diff"
OF_NOTES = ["tests/app/api/v1/test_notes.py", "tests/app/services/test_notes.py"]
OF_EVERYTHING = ["tests/acceptance/test_authorisation.py", "tests/architecture", "tests/contract"]


def write_document(root: Path) -> None:
    """What `make openapi` does."""
    path = os.pathsep.join([str(root / "src"), str(root)])
    command = [sys.executable, "-m", "app", "openapi"]
    with (root / "docs" / "openapi.json").open("wb") as document:
        subprocess.run(command, cwd=root / "docs", env={"PYTHONPATH": path}, stdout=document, timeout=60, check=True)


@pytest.mark.slow
def test_one_more_resource_is_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    tree = Tree.copied(ROOT, tmp_path / "tree")
    subprocess.run(["git", "apply", DIFF], cwd=tree.root, timeout=60, check=True)
    write_document(tree.root)
    run = tree.run([*OF_NOTES, *OF_EVERYTHING, "-k", "not postgresql"])
    assert [case for case in run.cases if case.outcome == "failed"] == [], run.ended
    for file in OF_NOTES:
        assert any(case.outcome == "passed" for case in run.cases if case.test.startswith(file)), run.ended
