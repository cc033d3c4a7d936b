"""Moments and exact numbers."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lintel.api import Day, Exact, Instant
from lintel.api._values import FIRST_YEAR, LAST_YEAR
from tests.guards import cpu_guard

instant: TypeAdapter[datetime] = TypeAdapter(Instant)
price: TypeAdapter[Decimal] = TypeAdapter(Annotated[Decimal, Exact(max_digits=8, decimal_places=2)])
count: TypeAdapter[Decimal] = TypeAdapter(Annotated[Decimal, Exact(max_digits=3, decimal_places=0)])
share: TypeAdapter[Decimal] = TypeAdapter(Annotated[Decimal, Exact(max_digits=2, decimal_places=2)])
day: TypeAdapter[date] = TypeAdapter(Day)
CPU_SECONDS = 1.0

offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(
    min_value=datetime(FIRST_YEAR, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(LAST_YEAR, 12, 31),  # noqa: DTZ001 - as above
    timezones=offsets,
)


class TestInstant:
    @given(moments)
    def test_is_kept_in_utc_whatever_its_offset(self, moment: datetime) -> None:
        read = instant.validate_python(moment.isoformat())
        assert (read, read.tzinfo) == (moment, UTC)
        for hours in (-23, 23):
            read.astimezone(timezone(timedelta(hours=hours)))  # no calendar ends here

    @given(st.datetimes(timezones=offsets))
    def test_is_read_or_refused_but_never_fails(self, moment: datetime) -> None:
        try:
            assert instant.validate_python(moment.isoformat()) == moment
        except ValidationError:
            assert not FIRST_YEAR <= moment.year <= LAST_YEAR

    @given(
        st.text() | st.from_regex(r"[0-9T:.Z+-]{1,30}", fullmatch=True) | st.integers() | st.floats() | st.booleans()
    )
    def test_is_never_made_of_anything_else(self, value: Any) -> None:
        with pytest.raises(ValidationError):
            instant.validate_python(value)

    @pytest.mark.parametrize(
        "text",
        [
            "0001-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-23:59",
            "2026-11-20T10:30:00",
            "2026-11-20",
            "2026-11-20T10:30Z",
            "2026-02-30T00:00:00Z",
            "2026-11-20T10:30:00+99:00",
            "2026-11-20T24:00:01Z",
            "1763634600",
            "1763634600.5",
            " 2026-11-20T10:30:00Z",
            "٢٠٢٦-11-20T10:30:00Z",
            "now",
        ],
    )
    def test_is_written_in_full_with_its_offset(self, text: str) -> None:
        with pytest.raises(ValidationError):
            instant.validate_python(text)

    @pytest.mark.parametrize("value", [1763634600, 1763634600.5, True, None])
    def test_is_no_number(self, value: Any) -> None:
        with pytest.raises(ValidationError):
            instant.validate_python(value)

    def test_is_written_with_a_z(self) -> None:
        moment = instant.validate_python("2026-11-20t11:30:00.25+01:00")
        assert instant.dump_json(moment) == b'"2026-11-20T10:30:00.250000Z"'
        assert instant.validate_python(moment) == moment

    def test_has_no_local_time_from_python_either(self) -> None:
        with pytest.raises(ValidationError):
            instant.validate_python(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of it

    def test_is_a_date_time_in_the_document(self) -> None:
        schema = instant.json_schema()
        assert (schema["type"], schema["format"]) == ("string", "date-time")


class TestExact:
    @given(st.decimals(-999_999, 999_999, places=2))
    def test_loses_nothing(self, value: Decimal) -> None:
        assert price.validate_python(f"{value:f}") == value
        assert price.dump_json(value) == f'"{value:f}"'.encode()

    @given(st.integers(-999_999, 999_999))
    def test_may_be_a_whole_number(self, value: int) -> None:
        assert price.validate_python(value) == value

    @given(st.floats() | st.booleans() | st.none() | st.text() | st.from_regex(r"[-+0-9.eE_ ]{1,12}", fullmatch=True))
    def test_is_never_rounded_or_guessed(self, value: Any) -> None:
        try:
            read = price.validate_python(value)
        except ValidationError:
            return
        assert isinstance(value, str)
        assert value.isascii()
        assert not set(value) - set("-0123456789.")
        assert (str(read), len(value.partition(".")[2]) <= 2) == (value, True)

    @pytest.mark.parametrize(
        "value",
        [
            "1e100000", "1E2", "0.001", "1.000", "1234567.00", "nan", "Infinity", "-Infinity", "sNaN", "1_0", " 1",
            "+1", "01", ".5", "5.", "", "\u0661", 1.5, 10.0, True, None, 10**6, -(10**6), "9" * 5_000,
        ],
    )  # fmt: skip
    def test_is_refused_in_any_other_form(self, value: Any) -> None:
        with pytest.raises(ValidationError):
            price.validate_python(value)

    def test_takes_no_time_to_refuse(self) -> None:
        with cpu_guard(CPU_SECONDS):
            for value in ("9" * 1_000_000, 10**100_000):
                with pytest.raises(ValidationError):
                    price.validate_python(value)

    def test_has_no_places_or_nothing_before_them_where_that_is_said(self) -> None:
        assert count.validate_python("999") == 999
        assert share.validate_python("-0.99") == Decimal("-0.99")
        for kind, value in ((count, "1.0"), (count, 1000), (share, "1.00"), (share, 1)):
            with pytest.raises(ValidationError):
                kind.validate_python(value)

    @pytest.mark.parametrize("kind", [price, count, share])
    @given(st.data())
    def test_is_described_as_it_is_read(self, kind: TypeAdapter[Decimal], data: st.DataObject) -> None:
        text, whole = kind.json_schema()["anyOf"]
        assert (
            kind.validate_python(data.draw(st.from_regex(text["pattern"], fullmatch=True).map(str.strip))) is not None
        )
        least, most = whole["exclusiveMinimum"] + 1, whole["exclusiveMaximum"] - 1
        assert kind.validate_python(data.draw(st.integers(least, most))) is not None

    def test_stays_what_it_is_in_python(self) -> None:
        assert price.validate_python(Decimal("1.50")) == Decimal("1.50")
        for value in ("NaN", "1E+10", "0.001"):
            with pytest.raises(ValidationError):
                price.validate_python(Decimal(value))


class TestDay:
    @pytest.mark.parametrize("value", ["2026-11-20", date(2026, 11, 20)])
    def test_is_a_date(self, value: object) -> None:
        assert day.validate_python(value) == date(2026, 11, 20)

    @pytest.mark.parametrize(
        "value",
        [0, 1_700_000_000, 1.5, True, None, "1700000000", "2026-11-20T00:00:00", "2026-11-31", "26-11-20",
         "\u0662\u0660\u0662\u0666-11-20",
         datetime(2026, 11, 20, tzinfo=UTC), "x" * 100_000],
    )  # fmt: skip
    def test_is_nothing_else(self, value: object) -> None:
        with pytest.raises(ValidationError):
            day.validate_python(value)
