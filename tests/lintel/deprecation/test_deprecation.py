"""What is declared of a route that will go."""

from datetime import date

import pytest

from lintel.deprecation import Deprecation

SINCE, SUNSET = date(2026, 12, 1), date(2027, 12, 1)


def declared(since: date = SINCE, sunset: date | None = None, successor: str | None = None) -> Deprecation:
    return Deprecation(since=since, sunset=sunset, successor=successor, guidance="Use another.")


class TestDates:
    def test_are_unix_seconds_and_an_http_date(self) -> None:
        assert declared(sunset=SUNSET).dates() == {
            "Deprecation": "@1796083200",
            "Sunset": "Wed, 01 Dec 2027 00:00:00 GMT",
        }

    def test_have_no_end_where_none_is_set(self) -> None:
        assert declared().dates() == {"Deprecation": "@1796083200"}

    def test_may_be_before_1970_and_the_same(self) -> None:
        day = date(1969, 12, 31)
        assert declared(day, day).dates() == {"Deprecation": "@-86400", "Sunset": "Wed, 31 Dec 1969 00:00:00 GMT"}

    def test_in_the_wrong_order_are_refused(self) -> None:
        with pytest.raises(ValueError, match="sunset 2026-11-30 is before the deprecation 2026-12-01"):
            declared(sunset=date(2026, 11, 30))


class TestSuccessor:
    @pytest.mark.parametrize(
        ("successor", "name"),
        [(None, None), ("list_b", "list_b"), ("{name}_v2", "list_a_v2"), ("new_{name}", "new_list_a")],
    )
    def test_is_a_name_or_made_of_the_routes_own(self, successor: str | None, name: str | None) -> None:
        assert declared(successor=successor).successor_of("list_a") == name
