"""The trial itself: a removal that goes unnoticed is told, and nothing but a test's own words counts as notice."""

import shutil
from pathlib import Path

import pytest

from tests.protections.__main__ import NOTICED, UNNOTICED, judged
from tests.protections.protection import Protection
from tests.protections.trial import ROOT, Case, Run, Tree, WrongTree

GATE = """
def opens(age: int) -> bool:
    if age < 18:
        return False
    return True
"""
OF_GATE = """
import pytest
from app.gate import opens

def test_children_stay_outside():
    assert not opens(7)

def test_adults_enter():
    assert opens(42)

@pytest.mark.skip(reason="no server")
def test_ghosts():
    assert not opens(300)
"""
TESTS = "tests/test_gate.py"


def gate(without: str, *tests: str, text: str = "if age < 18:") -> Protection:
    return Protection(
        "Children stay outside.", "app/gate.py", text, without, tuple(f"{TESTS}::{name}" for name in tests)
    )


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A small service with its tests."""
    for path, text in {
        "src/lintel/__init__.py": "",
        "app/__init__.py": "",
        "app/gate.py": GATE,
        TESTS: OF_GATE,
    }.items():
        (tmp_path / "service" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "service" / path).write_text(text, encoding="utf-8")
    plugin = tmp_path / "service" / "tests" / "protections" / "plugin.py"
    plugin.parent.mkdir()
    shutil.copy(ROOT / "tests" / "protections" / "plugin.py", plugin)
    return Tree.copied(tmp_path / "service", tmp_path / "copy")


@pytest.mark.slow
class TestTree:
    def test_a_removal_that_is_asserted_against_is_noticed_and_put_back(self, tree: Tree) -> None:
        children = gate("if False:", "test_children_stay_outside")
        verdict = judged(children, tree.run_without(children))
        assert (verdict.word, verdict.reason) == (NOTICED, "")
        assert (tree.root / children.file).read_text(encoding="utf-8") == GATE
        assert tree.run(children.tests).has_passed(children.tests[0])

    def test_one_that_no_test_minds_is_told(self, tree: Tree) -> None:
        children = gate("if False:", "test_children_stay_outside", "test_adults_enter")
        verdict = judged(children, tree.run_without(children))
        assert (verdict.word, verdict.reason) == (UNNOTICED, f"{TESTS}::test_adults_enter passes")

    @pytest.mark.parametrize(
        ("without", "text", "reason"),
        [
            ("if missing:", "if age < 18:", "fails by accident: NameError: name 'missing' is not defined"),
            ("def closes(", "def opens(", "did not run"),
        ],
    )
    def test_a_fault_of_the_replacement_is_no_notice(self, tree: Tree, without: str, text: str, reason: str) -> None:
        children = gate(without, "test_children_stay_outside", text=text)
        verdict = judged(children, tree.run_without(children))
        assert (verdict.word, verdict.reason) == (UNNOTICED, f"{children.tests[0]} {reason}")

    def test_a_test_that_is_skipped_or_not_there_has_not_passed(self, tree: Tree) -> None:
        ghosts, nobody = gate("", "test_ghosts", "test_nobody").tests
        assert tree.run([ghosts]).was_skipped(ghosts)
        assert not tree.run([ghosts]).has_passed(ghosts)
        run = tree.run([nobody])
        assert not run.has_passed(nobody)
        assert not run.was_skipped(nobody)
        assert "not found" in run.ended

    def test_other_code_than_the_copys_is_refused(self, tree: Tree) -> None:
        (tree.root / "tests" / "protections" / "plugin.py").unlink()
        with pytest.raises(WrongTree, match=r"not of .*tests\.protections\.plugin"):
            tree.run([TESTS])


class TestObjection:
    def test_is_none_where_any_case_fails_as_its_test_means(self) -> None:
        run = Run(
            [Case("t[a]", "call", "passed", meant=False, why=""), Case("t[b]", "call", "failed", meant=True, why="")]
        )
        assert run.objection("t") is None
        assert run.objection("t[a]") == "passes"

    def test_is_that_a_fixture_failed_although_it_asserts(self) -> None:
        run = Run([Case("t", "setup", "failed", meant=True, why="AssertionError: no server")])
        assert run.objection("t") == "fails by accident: AssertionError: no server"
