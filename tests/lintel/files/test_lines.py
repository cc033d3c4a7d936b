"""Items as lines, a few in memory at a time."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from pydantic import BaseModel

from lintel.files import LineFormat, LineWriter
from lintel.files._lines import PIECE

pytestmark = pytest.mark.anyio


class Thing(BaseModel):
    id: int
    name: str
    more: dict[str, Any] | None = None


THINGS = [Thing(id=1, name="=1", more={"a": [1, "ü"]}), Thing(id=2, name="b")]


async def some(*chunks: Sequence[Thing]) -> AsyncIterator[Sequence[Thing]]:
    for chunk in chunks:
        yield chunk


async def written(line_format: LineFormat, *chunks: Sequence[Thing], fields: set[str] | None = None) -> str:
    pieces = LineWriter(line_format, Thing, fields=fields).write(some(*chunks))
    return b"".join([piece async for piece in pieces]).decode()


class TestNdjson:
    async def test_is_every_item_exactly(self) -> None:
        text = await written(LineFormat.NDJSON, THINGS[:1], [], THINGS[1:])
        assert [json.loads(line) for line in text.splitlines()] == [thing.model_dump() for thing in THINGS]
        assert text.endswith("}\n")

    async def test_has_the_fields_that_were_asked_for(self) -> None:
        assert await written(LineFormat.NDJSON, THINGS, fields={"name"}) == '{"name":"=1"}\n{"name":"b"}\n'

    async def test_of_nothing_is_nothing(self) -> None:
        assert await written(LineFormat.NDJSON) == ""


class TestCsv:
    async def test_has_a_line_of_names_and_what_is_nested_as_json(self) -> None:
        text = await written(LineFormat.CSV, THINGS)
        names, first, second = csv.reader(io.StringIO(text, newline=""), strict=True)
        assert (names, first[:2], second) == (["id", "name", "more"], ["1", "'=1"], ["2", "b", ""])
        assert json.loads(first[2]) == {"a": [1, "ü"]}

    async def test_keeps_the_order_of_the_model(self) -> None:
        assert await written(LineFormat.CSV, THINGS, fields={"name", "id"}) == "id,name\r\n1,'=1\r\n2,b\r\n".replace(
            "'=1", '"\'=1"'
        )

    async def test_of_nothing_is_a_line_of_names(self) -> None:
        assert await written(LineFormat.CSV) == "id,name,more\r\n"


class TestPieces:
    @pytest.mark.parametrize("line_format", LineFormat)
    async def test_are_made_as_they_are_asked_for(self, line_format: LineFormat) -> None:
        taken = 0

        async def endless() -> AsyncIterator[Sequence[Thing]]:
            nonlocal taken
            while True:
                taken += 1
                yield [Thing(id=taken, name="x" * 1_000)] * 10

        pieces = LineWriter(line_format, Thing).write(endless())
        for number in range(1, 4):
            assert PIECE <= len(await anext(pieces)) < PIECE + 11_000
            assert taken <= number * 8
        await pieces.aclose()
