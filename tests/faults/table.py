"""`make faults`: runs the tests of faults and writes what they saw into docs/operations/faults.md.

A row is a test with the mark `fault`, which gives its name and its promise; what was seen is what the test told `saw`.
"""

import ast
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = ROOT / "tests"
PAGE = ROOT / "docs" / "operations" / "faults.md"
BEGIN, END = "<!-- made by make faults -->\n", "<!-- end -->\n"
HEAD = "| fault | what the service does | what was seen | test |\n|---|---|---|---|\n"
ROW = re.compile(r"^\| (?P<name>.+) \| (?P<promise>.+) \| (?P<seen>.+) \| `(?P<test>tests/\S+)` \|$", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Fault:
    """A row but for what was seen."""

    name: str
    promise: str
    test: str


def declared() -> list[Fault]:
    """All faults that have a test, read off the tests' files."""
    return [fault for path in sorted(TESTS.rglob("test_*.py")) for fault in _of_file(path)]


def rows(page: str) -> dict[Fault, str]:
    """What a page says: each fault with what was seen."""
    table = page.partition(BEGIN)[2].partition(END)[0]
    return {Fault(row["name"], row["promise"], row["test"]): row["seen"] for row in ROW.finditer(table)}


def _of_file(path: Path) -> Iterator[Fault]:
    place = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            yield from (fault for test in node.body for fault in _of_test(test, f"{place}::{node.name}"))
        yield from _of_test(node, place)


def _of_test(node: ast.stmt, place: str) -> Iterator[Fault]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
                name, promise = (ast.literal_eval(argument) for argument in mark.args)
                yield Fault(name, promise, f"{place}::{node.name}")


def seen_in(report: Path) -> dict[str, str]:
    """What each test told, by the name of the test; what several cases of one test told stands together."""
    told: dict[str, dict[str, None]] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        name = str(case.get("name")).partition("[")[0]
        for entry in case.iter("property"):
            if entry.get("name") == "saw":
                told.setdefault(f"{case.get('classname')}.{name}", {})[str(entry.get("value"))] = None
    return {test: "; ".join(texts) for test, texts in told.items()}


def dotted(test: str) -> str:
    """The name of a test as reports of pytest have it."""
    path, _, names = test.partition("::")
    return f"{path.removesuffix('.py').replace('/', '.')}.{names.replace('::', '.')}"


def _written(page: str, seen: Mapping[Fault, str]) -> str:
    lines = [f"| {fault.name} | {fault.promise} | {text} | `{fault.test}` |\n" for fault, text in seen.items()]
    head, _, rest = page.partition(BEGIN)
    return head + BEGIN + "\n" + HEAD + "".join(lines) + "\n" + END + rest.partition(END)[2]


def main() -> int:
    """Run, print, and write the page if every fault was tried; pytest's exit code."""
    faults = declared()
    with tempfile.TemporaryDirectory(prefix="lintel-faults-") as folder:
        report = Path(folder) / "report.xml"
        files = sorted({fault.test.partition("::")[0] for fault in faults})
        code = pytest.main(["-q", "-m", "fault", f"--junitxml={report}", *files])
        told = seen_in(report)
    seen = {fault: told[dotted(fault.test)] for fault in faults if dotted(fault.test) in told}
    table = Table("Fault", "What was seen", title="Faults", show_lines=True)
    for fault in faults:
        table.add_row(fault.name, seen.get(fault, "failed, or not tried here"))
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    if not code and len(seen) == len(faults):
        PAGE.write_text(_written(PAGE.read_text(encoding="utf-8"), seen), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
