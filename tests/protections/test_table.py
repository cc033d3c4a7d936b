"""The table of protections says what there is; `make protections` shows that it is true."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests.protections.protection import Protection
from tests.protections.table import PROTECTIONS
from tests.protections.trial import ROOT

LEAST = 40
EACH = pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda protection: protection.name)


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of a file's tests, as node ids have them."""
    return frozenset(_tests_of(ast.parse((ROOT / path).read_text(encoding="utf-8"))))


def _tests_of(node: ast.AST, within: str = "") -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _tests_of(child, f"{within}{child.name}::")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name.startswith("test_"):
            yield f"{within}{child.name}"


def missing(protection: Protection) -> list[str]:
    """The tests of a protection that are not there."""
    named = [(test, test.partition("::")) for test in protection.tests]
    return [test for test, (path, _, names) in named if names.partition("[")[0] not in names_in(path)]


def test_there_are_many_and_no_two_of_one_name() -> None:
    names = [protection.name for protection in PROTECTIONS]
    assert sorted(set(names)) == sorted(names)
    assert len(names) >= LEAST


@EACH
def test_each_stands_once_in_its_file_which_is_python_without_it(protection: Protection) -> None:
    source = (ROOT / protection.file).read_text(encoding="utf-8")
    without = ast.parse(protection.taken_out_of(source))
    assert ast.dump(without) != ast.dump(ast.parse(source))


@EACH
def test_each_has_tests_that_are_there(protection: Protection) -> None:
    assert protection.tests
    assert missing(protection) == []


def test_a_text_that_is_gone_or_not_the_only_one_is_told() -> None:
    gate = Protection("Nobody enters.", "gate.py", "closed()", "pass", ())
    for source in ("open()\n", "closed()\nclosed()\n"):
        with pytest.raises(ValueError, match=r"gate\.py has the text .*: Nobody enters\."):
            gate.taken_out_of(source)


def test_a_test_that_is_gone_is_told() -> None:
    here = "tests/protections/test_table.py"
    named = (f"{here}::test_a_test_that_is_gone_is_told[x]", f"{here}::TestGone::test_a_test_that_is_gone_is_told")
    assert missing(Protection("Nobody enters.", "gate.py", "closed()", "pass", named)) == [named[1]]
