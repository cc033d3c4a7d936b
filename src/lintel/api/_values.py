"""Moments and exact numbers, as JSON can carry them without losing anything."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from annotated_types import GroupedMetadata
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

FIRST_YEAR, LAST_YEAR = 2, 9998
"""A day's distance from the ends of Python's calendar: whatever the time zone, it can be converted."""

_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def _written_in_full(value: Any) -> Any:
    if isinstance(value, str) and not _RFC_3339.fullmatch(value):
        raise ValueError("must be a date and time with an offset, such as 2026-11-20T10:30:00Z")
    if not isinstance(value, str | datetime):
        # Pydantic would take a number for seconds or, if it is large, for milliseconds.
        raise ValueError("must be text")  # noqa: TRY004 - Pydantic makes a problem of a ValueError only
    return value


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None or not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"must have an offset, and a year from {FIRST_YEAR} to {LAST_YEAR}")
    return value.astimezone(UTC)


Instant = Annotated[
    datetime,
    BeforeValidator(_written_in_full),
    AfterValidator(_in_utc),
    Field(
        description="Date and time with an offset (RFC 3339).",
        examples=["2026-11-20T10:30:00Z"],
        json_schema_extra={"maxLength": len("2026-11-20T10:30:00.123456789+01:00")},
    ),
]
"""A moment: RFC 3339 with an offset, kept in UTC. Neither a number nor a local time, which others read as another."""


_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _a_day(value: Any) -> Any:
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        return value
    if type(value) is date:
        return value
    # Pydantic would take a number for seconds since 1970, and a moment at midnight for its day.
    raise ValueError("must be a date, such as 2026-11-20")


Day = Annotated[
    date,
    BeforeValidator(_a_day),
    Field(description="Date.", examples=["2026-11-20"], json_schema_extra={"maxLength": 10}),
]
"""A date of the calendar: `YYYY-MM-DD`, neither a number nor a moment."""


@dataclass(frozen=True, slots=True)
class Exact(GroupedMetadata):
    """Metadata of a number of so many digits: `Annotated[Decimal, Exact(max_digits=12, decimal_places=2)]`.

    Written as text (`"12.50"`) or as a whole number: other numbers of JSON are rounded by whoever reads them. No
    exponent, no more places than stated (a column would round them away), no NaN.
    """

    max_digits: int
    decimal_places: int

    def __iter__(self) -> Iterator[Any]:
        """The constraints that this stands for."""
        yield BeforeValidator(self._plain)
        yield WithJsonSchema(self._schema(), mode="validation")

    def _plain(self, value: Any) -> str:
        # The text of a whole number with more than 4,300 digits is a ValueError as well.
        text = str(value) if isinstance(value, str | int | Decimal) else ""
        if not re.fullmatch(self._pattern(), text):
            raise ValueError(
                f'must be text in plain digits, such as "12.50", or a whole number: at most {self._whole()} digits and '
                f"{self.decimal_places} places"
            )
        return text

    def _whole(self) -> int:
        return self.max_digits - self.decimal_places

    def _pattern(self) -> str:
        whole = f"(?:0|[1-9][0-9]{{0,{self._whole() - 1}}})" if self._whole() else "0"
        places = f"(?:\\.[0-9]{{1,{self.decimal_places}}})?" if self.decimal_places else ""
        return f"-?{whole}{places}"

    def _schema(self) -> dict[str, Any]:
        bound = 10 ** self._whole()
        return {
            "anyOf": [
                {"type": "string", "pattern": f"^{self._pattern()}$"},
                {"type": "integer", "exclusiveMinimum": -bound, "exclusiveMaximum": bound},
            ]
        }
