"""Lines of CSV (RFC 4180) that are data to every program, also to one that takes cells for formulas."""

import re
from collections.abc import Iterable

Cell = str | int | float | bool | None
"""What a cell holds. Text is made harmless; everything else is what it is."""

_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""What formulas begin with; also in full width, which some programs narrow."""
_FIRST = re.compile(rf'[\t\r\n]|[\s"]*[{_SIGNS}]')
_INNER = re.compile(rf'(?<=[,;|\t\r\n])("*)(?=[{_SIGNS}])')
_BEHIND_SPACE = re.compile(r'(?<=[,;|\t\r\n])([ "]+)(?=[=@\uff1d\uff20])')
"""Signs that nobody writes there in prose, as they do `warm; -5`."""
_QUOTED = re.compile(r'[\s",;|\']')


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula (OWASP, CSV injection): an apostrophe stands before the sign.

    Before one at the beginning, behind white space and quotes as well, and before one that stands directly behind what
    separates cells or lines (`=` and `@` also behind spaces): a program set to another separator begins a cell there,
    whatever is quoted.
    """
    inner = _BEHIND_SPACE.sub(r"\1'", _INNER.sub(r"\1'", text))
    return f"'{inner}" if _FIRST.match(inner) else inner


def csv_line(cells: Iterable[Cell]) -> str:
    """One line with its end. Numbers stay numbers, what is missing is empty, and what is true is `true`."""
    return f"{','.join(map(_written, cells))}\r\n"


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if not isinstance(cell, str):
        return repr(cell)
    text = harmless(cell)
    # An empty text is quoted, and so differs from what is missing.
    if text and not _QUOTED.search(text):
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
