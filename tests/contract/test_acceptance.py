"""The page of acceptance cases: each has a place, and the place is there."""

import ast
import re

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "acceptance.md").read_text(encoding="utf-8")
CASES = re.findall(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
NAMED = sorted(set(re.findall(r"`(tests/[^`:]+\.py)::(\w+)`", PAGE)))
DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
STEPS = (ROOT / "docs" / "decisions" / "scope.md").read_text(encoding="utf-8")


def test_there_are_ninety_six_in_order() -> None:
    assert [int(number) for number, _, _ in CASES] == list(range(1, 97))


@pytest.mark.parametrize(("number", "place"), [(number, place) for number, _, place in CASES])
def test_each_names_a_test_or_the_step_that_brings_it(number: str, place: str) -> None:
    assert "::" in place or place.startswith("waits ("), number
    for step in re.findall(r"waits? \((\d)\)", place):
        assert f"\n{step}. " in STEPS


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_every_test_that_is_named_is_there(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    [found] = [node for node in tree.body if isinstance(node, DEFINITIONS) and node.name == name]
    tests = found.body if isinstance(found, ast.ClassDef) else [found]
    assert any(isinstance(test, DEFINITIONS) and test.name.startswith("test_") for test in tests)
