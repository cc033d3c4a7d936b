"""CSV that is data to every program (row 88)."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lintel.files import Cell, csv_line, harmless

SIGN = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
FORMULA = re.compile(rf'[\s"]*{SIGN}|[\t\r\n]')
DIRECTLY = re.compile(rf'"*{SIGN}')
NUMBER = re.compile(r"-?[0-9.]+(e[+-]?[0-9]+)?|-?(inf|nan)")
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\t\r\n\"',;| a1"

texts = st.text(alphabet=SIGNS, max_size=12) | st.text(max_size=20)
cells = st.one_of(texts, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none())


def rows_of(text: str, **dialect: object) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), **dialect))  # type: ignore[arg-type]


class TestHarmless:
    @pytest.mark.parametrize(
        ("text", "written"),
        [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\uff1d1", "'\uff1d1"),
            ("\t=1", "'\t'=1"),
            ("\rx", "'\rx"),
            ("  =1", "'  =1"),
            ('"=1', "'\"=1"),
            ("a;=1", "a;'=1"),
            ('a";"=1', 'a";"\'=1'),
            ("a\n=1", "a\n'=1"),
            ("x; =cmd|'/C calc'!A0", "x; '=cmd|'/C calc'!A0"),
            ('x, "@A1', "x, \"'@A1"),
        ],
    )
    def test_has_an_apostrophe_before_what_a_formula_begins_with(self, text: str, written: str) -> None:
        assert harmless(text) == written

    @pytest.mark.parametrize("text", ["", "a", "a=1", "a - b", "1-2", "warm; -5", "mail@example.com", "'=1", "à+"])
    def test_leaves_everything_else_as_it_is(self, text: str) -> None:
        assert harmless(text) == text


class TestCsvLine:
    @pytest.mark.parametrize(
        ("cell", "written"),
        [
            (None, ""),
            ("", '""'),
            (-5, "-5"),
            (-0.25, "-0.25"),
            (1e-07, "1e-07"),
            (True, "true"),
            (False, "false"),
            ("a", "a"),
            ("a b", '"a b"'),
            ('say "a"', '"say ""a"""'),
            ("-5", '"\'-5"'),
        ],
    )
    def test_is_quoted_where_it_must_be_and_numbers_stay_numbers(self, cell: Cell, written: str) -> None:
        assert csv_line([cell, 1]) == f"{written},1\r\n"

    @given(st.lists(cells, min_size=1, max_size=6))
    @example(["a\r\nb", '"', "'", ";=1", None])
    def test_is_read_back_as_it_was_written(self, row: list[Cell]) -> None:
        read = rows_of(csv_line(row), strict=True)
        assert read == [[_expected(cell) for cell in row]] or (row == [None] and read == [[]])

    @given(st.lists(st.lists(cells, min_size=1, max_size=4), min_size=1, max_size=3))
    @example([['x";"=1', ";=1"], ["a\n=1"]])
    def test_begins_no_formula_also_where_another_separator_is_expected(self, rows: list[list[Cell]]) -> None:
        text = "".join(map(csv_line, rows))
        assert not _formulas(rows_of(text, strict=True), FORMULA)
        for delimiter in ",;\t|":
            for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
                assert not _formulas(rows_of(text, delimiter=delimiter, quoting=quoting), DIRECTLY), delimiter


def _expected(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    return harmless(cell) if isinstance(cell, str) else repr(cell)


def _formulas(rows: list[list[str]], pattern: re.Pattern[str]) -> list[str]:
    """Cells that may be formulas. What begins with a number of ours is none: behind it stands what came after it."""
    return [cell for row in rows for cell in row if pattern.match(cell) and not NUMBER.match(cell)]
