"""Figures as tables of Markdown, the gates first; and the page that holds them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median

from bench.harness.figures import COUNTED, RATIO, Figure, Gate, Row, Table
from bench.harness.results import Result

BEGIN, END = "<!-- begin: made by `make bench` -->", "<!-- end: made by `make bench` -->"
PLACES = ("date", "python", "processor", "cores", "system")
"""What the line under a heading says first; versions of packages follow."""


def page(text: str, found: Sequence[Result]) -> str:
    """A page, with everything between its two marks made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    sections = (f"## {result.title}\n\n{_measured(result.environment)}\n\n{tables(result)}" for result in found)
    return "\n\n".join([f"{before}{BEGIN}", f"## Gates\n\n{gates(found)}", *sections, f"{END}{after}"])


def gates(results: Iterable[Result]) -> str:
    """Every figure that has a gate, and whether it is met."""
    rows = [_gate_row(figure, figure.gate) for figure in _figures(results) if figure.gate is not None]
    return _markdown(["", "gate", "aim", "found", "of the rounds", ""], rows)


def tables(result: Result) -> str:
    """All that one case found."""
    return "\n\n".join(part for table in result.tables for part in _parts(table))


def _measured(environment: Mapping[str, str]) -> str:
    versions = ", ".join(f"{name} {of}" for name, of in environment.items() if name not in PLACES)
    date, python, processor, cores, system = (environment[name] for name in PLACES)
    return f"Measured {date}: {python}, {processor}, {cores} cores, {system}; {versions}."


def _figures(results: Iterable[Result]) -> Iterator[Figure]:
    for result in results:
        for table in result.tables:
            yield from table.figures


def _gate_row(figure: Figure, gate: Gate) -> list[str]:
    sign = "≥" if gate.at_least else "≤"
    return [
        figure.name,
        f"{sign} {_quantity(gate.bound, figure.unit)}",
        "" if gate.aim is None else f"{sign} {_quantity(gate.aim, figure.unit)}",
        f"**{_quantity(figure.value, figure.unit)}**",
        _span(figure.low, figure.high, figure.unit),
        _verdict(figure, gate),
    ]


def _verdict(figure: Figure, gate: Gate) -> str:
    missed = gate.missed_by(figure.value)
    if not missed:
        return "met"
    return f"missed by {missed / gate.bound:.0%}" if gate.bound else f"missed by {_number(missed, figure.unit)}"


def _parts(table: Table) -> Iterator[str]:
    yield f"### {table.title}"
    yield from table.notes
    yield _markdown(*_columns(table))
    if table.figures:
        yield _markdown(
            ["", "median", "of the rounds"],
            [
                [item.name, _quantity(item.value, item.unit), _span(item.low, item.high, item.unit)]
                for item in table.figures
            ],
        )


def _columns(table: Table) -> tuple[list[str], list[list[str]]]:
    """The head and the rows; a column that would be empty is left out."""
    base = next((row.samples for row in table.rows if row.name == table.base), None)
    has_beside = any(row.beside for row in table.rows)
    head = ["", "what was on", f"{table.unit}, median", "of the rounds"]
    head += [f"over {table.base}"] if base else []
    head += [f"database, {table.unit}"] if has_beside else []
    return head, [_row(row, base, has_beside=has_beside) for row in table.rows]


def _row(row: Row, base: Sequence[float] | None, *, has_beside: bool) -> list[str]:
    cells = [row.name, row.on, _number(median(row.samples)), _span(min(row.samples), max(row.samples))]
    if base:
        ratio = median(own / others for own, others in zip(row.samples, base, strict=True))
        cells.append(f"{ratio:.2f}x")
    if has_beside:
        cells.append(_number(median(row.beside)) if row.beside else "")
    return cells


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _span(low: float, high: float, unit: str = "") -> str:
    return f"{_number(low, unit)} to {_number(high, unit)}"


def _quantity(value: float, unit: str) -> str:
    return f"{_number(value, unit)}{'' if unit == RATIO else ' '}{unit}"


def _number(value: float, unit: str = "") -> str:
    """Three figures, which is more than the noise allows; counts are whole."""
    if unit == COUNTED or abs(value) >= 100:  # noqa: PLR2004 - three figures
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"  # noqa: PLR2004 - three figures
