"""Every case still runs: its servers start, and answer what is measured."""

import subprocess
import sys

import pytest

from bench.apps.stack import layer_names
from bench.cases import CASES
from bench.cases.stack import FULL, short
from bench.harness import results
from tests.conftest import ROOT

SAME_SERVERS = {"layers"}
"""Its applications are those of `stack`, a dozen times over."""


@pytest.mark.slow
@pytest.mark.parametrize("case", [case.name for case in CASES if case.name not in SAME_SERVERS])
def test_every_case_works(case: str) -> None:
    command = [sys.executable, "-m", "bench", "--quick", case]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert f"{case}: works" in done.stdout or f"{case}: skipped" in done.stdout


def test_layers_are_read_off_the_stack_from_the_inside_out() -> None:
    names = layer_names()
    assert names[-2:] == ["AccessLogMiddleware", "RequestContextMiddleware"]
    assert "CORSMiddleware" in names


@pytest.mark.parametrize(
    ("layer", "words"),
    [("AccessLogMiddleware", "access log"), ("CORSMiddleware", "CORS"), ("RequestBodyMiddleware", "request body")],
)
def test_layers_are_called_by_plain_words(layer: str, words: str) -> None:
    assert short(layer) == words


def test_figures_of_the_whole_stack_name_the_layers_that_it_has_today() -> None:
    [stack] = results.read_all(["stack"])
    [row] = [row for row in stack.tables[0].rows if row.name == FULL]
    assert row.on.split(", ") == [short(layer) for layer in reversed(layer_names())]


def test_figures_of_layers_build_up_the_stack_that_there_is_today() -> None:
    [layers] = results.read_all(["layers"])
    added = [row.name.removeprefix("+ ") for row in layers.tables[0].rows if row.name.startswith("+ ")]
    assert added == [short(layer) for layer in layer_names()]
