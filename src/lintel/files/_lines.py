"""Many items as lines of a file, in one of two formats, a few in memory at a time."""

from collections.abc import AsyncGenerator, AsyncIterable, Collection, Iterable, Sequence
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_json

from lintel.files._csv import Cell, csv_line

PIECE = 64 * 1024
"""Bytes from which on a piece is sent; a single line may be longer."""


class LineFormat(StrEnum):
    """How items are written: as JSON objects, exactly, or as cells, for spreadsheets."""

    NDJSON = "ndjson"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """What it is sent as."""
        return "application/x-ndjson" if self is LineFormat.NDJSON else "text/csv; charset=utf-8; header=present"


class LineWriter:
    """Writes items of one model.

    Args:
        line_format: How.
        model: Of the items.
        fields: Which of their fields; None for all. They come in the order of the model.
    """

    def __init__(
        self, line_format: LineFormat, model: type[BaseModel], *, fields: Collection[str] | None = None
    ) -> None:
        names = [*model.model_fields, *model.model_computed_fields]
        self._names = [name for name in names if fields is None or name in fields]
        self._include = None if fields is None else set(fields)
        self._is_csv = line_format is LineFormat.CSV

    async def write(self, chunks: AsyncIterable[Sequence[BaseModel]]) -> AsyncGenerator[bytes]:
        """The file, piece by piece; of CSV with a first line of names, also where nothing follows.

        Args:
            chunks: The items, some at a time. The next are asked for when those before are written.
        """
        piece = bytearray(csv_line(self._names).encode() if self._is_csv else b"")
        async for items in chunks:
            for line in self._lines(items):
                piece += line
                if len(piece) >= PIECE:
                    yield bytes(piece)
                    piece.clear()
        if piece:
            yield bytes(piece)

    def _lines(self, items: Sequence[BaseModel]) -> Iterable[bytes]:
        for item in items:
            if self._is_csv:
                values = item.model_dump(mode="json", include=self._include)
                yield csv_line(_cell(values[name]) for name in self._names).encode()
            else:
                yield item.model_dump_json(include=self._include).encode() + b"\n"


def _cell(value: Any) -> Cell:
    """What is an object or a list in JSON is its JSON text."""
    return to_json(value).decode() if isinstance(value, dict | list) else value
