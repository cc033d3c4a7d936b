"""Tables are made of the figures on disk, and of nothing else."""

from pathlib import Path

import pytest

from bench.__main__ import PAGE
from bench.cases import CASES
from bench.harness import report, results
from bench.harness.figures import Figure, Gate, Row, Table
from bench.harness.results import Result

ENVIRONMENT = {
    "date": "2026-11-21",
    "python": "CPython 3.11.7",
    "processor": "A processor",
    "cores": "2",
    "system": "Linux x86_64",
    "fastapi": "0.165.0",
}


def result(*figures: Figure, rows: list[Row] | None = None, base: str | None = None) -> Result:
    table = Table(title="A table", unit="µs", rows=rows or [], base=base, notes=["A note."], figures=list(figures))
    return Result(case="one", title="One", environment=ENVIRONMENT, tables=[table])


def found(value: float, gate: Gate | None = None, unit: str = "x") -> Figure:
    return Figure(name="a over b", value=value, low=value - 0.1, high=value + 0.1, unit=unit, gate=gate)


class TestGates:
    def test_that_are_met_say_so_beside_bound_aim_and_rounds(self) -> None:
        table = report.gates([result(found(1.5, Gate(bound=1.75, aim=1.45)))])
        assert table.splitlines()[2] == "| a over b | ≤ 1.75x | ≤ 1.45x | **1.50x** | 1.40 to 1.60 | met |"

    @pytest.mark.parametrize(
        ("figure", "verdict"),
        [
            (found(2.0, Gate(bound=1.6)), "missed by 25%"),
            (found(1.0, Gate(bound=2.0, at_least=True)), "missed by 50%"),
            (found(2, Gate(bound=0), unit="found"), "missed by 2 |"),
        ],
    )
    def test_that_are_missed_say_by_how_much(self, figure: Figure, verdict: str) -> None:
        assert verdict in report.gates([result(figure)])

    def test_leave_out_figures_without_one(self) -> None:
        assert len(report.gates([result(found(1.0))]).splitlines()) == 2


class TestTables:
    def test_show_median_rounds_and_the_ratio_to_the_base_round_by_round(self) -> None:
        rows = [Row(name="base", on="nothing", samples=[100, 200]), Row(name="ours", on="all", samples=[150, 300])]
        text = report.tables(result(rows=rows, base="base"))
        assert "| ours | all | 225 | 150 to 300 | 1.50x |" in text
        assert "A note." in text

    def test_show_the_database_where_there_is_one(self) -> None:
        rows = [Row(name="ours", on="all", samples=[1_500], beside=[300.4]), Row(name="other", on="all", samples=[9.5])]
        text = report.tables(result(rows=rows))
        assert "| ours | all | 1,500 | 1,500 to 1,500 | 300 |" in text
        assert "| other | all | 9.50 | 9.50 to 9.50 |  |" in text


class TestPage:
    def test_keeps_what_stands_around_the_marks(self) -> None:
        text = f"# Title\n\n{report.BEGIN}\nold\n{report.END}\n\nAfter.\n"
        page = report.page(text, [result(found(1.0))])
        assert page.startswith(f"# Title\n\n{report.BEGIN}\n\n## Gates")
        assert page.endswith(f"{report.END}\n\nAfter.\n")
        assert "old" not in page
        assert "Measured 2026-11-21: CPython 3.11.7, A processor, 2 cores, Linux x86_64; fastapi 0.165.0." in page

    def test_made_twice_is_the_same(self) -> None:
        once = report.page(f"{report.BEGIN}{report.END}", [result(found(1.0))])
        assert report.page(once, [result(found(1.0))]) == once

    def test_in_the_documentation_is_what_the_figures_make_of_it(self) -> None:
        text = PAGE.read_text(encoding="utf-8")
        assert report.page(text, results.read_all(case.name for case in CASES)) == text


class TestResults:
    def test_are_read_as_they_were_written(self, tmp_path: Path) -> None:
        rows = [Row(name="ours", on="all", samples=[1.5, 2.0], beside=[3.0, 4.0])]
        written = result(found(1.5, Gate(bound=1.75, aim=1.45)), rows=rows, base="ours")
        results.write(written, tmp_path)
        assert results.read_all(["one", "never ran"], tmp_path) == [written]

    def test_are_there_for_every_case_and_for_no_other(self) -> None:
        assert {path.stem for path in results.RESULTS.glob("*.json")} == {*(case.name for case in CASES), "soak"}
