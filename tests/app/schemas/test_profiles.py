"""Profiles and settings as they are sent and answered."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from app.schemas import profiles
from app.schemas.profiles import ProfileReplace, UserSettings, UserSettingsUpdate, age_on
from app.schemas.users import UserRegister

ADDRESS = {"street": "Square 12", "city": "London", "state": "England", "zip_code": "SW1Y", "country": "UK"}
NEW = {"email": "ada@example.com", "password": "Bernoulli1843"}
TODAY = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "today", lambda: TODAY)


def fault_of(schema: type[Any], body: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ValidationError) as failure:
        schema.model_validate(body)
    [error] = failure.value.errors()
    return "/".join(map(str, error["loc"])), error["msg"]


class TestAge:
    @pytest.mark.parametrize(
        ("birth_date", "age"),
        [
            (date(2026, 3, 1), 0),
            (date(2025, 3, 2), 0),
            (date(2025, 3, 1), 1),
            (date(1924, 3, 2), 101),  # days over 365 would make it 102
            (date(1996, 2, 29), 30),
        ],
    )
    def test_is_whole_years(self, birth_date: date, age: int) -> None:
        assert age_on(TODAY, birth_date) == age

    def test_of_who_was_born_on_a_leap_day_changes_on_the_first_of_march(self) -> None:
        assert [age_on(date(2026, 2, 28), date(2000, 2, 29)), age_on(TODAY, date(2000, 2, 29))] == [25, 26]

    @pytest.mark.parametrize("age", [35, 36, 37])
    def test_agrees_within_a_year(self, age: int) -> None:
        assert ProfileReplace.model_validate({"birth_date": "1990-01-01", "age": age}).birth_date == date(1990, 1, 1)

    @pytest.mark.parametrize("age", [34, 38])
    def test_that_does_not_agree_is_refused(self, age: int) -> None:
        where, message = fault_of(ProfileReplace, {"birth_date": "1990-01-01", "age": age})
        assert (where, message) == ("", "Value error, age and birth_date do not agree")

    def test_alone_is_refused(self) -> None:
        assert "give that" in fault_of(ProfileReplace, {"age": 36})[1]

    @pytest.mark.parametrize(("age", "born"), [(0, "2026-03-01"), (150, "1876-03-01")])
    def test_has_ends(self, age: int, born: str) -> None:
        assert ProfileReplace.model_validate({"age": age, "birth_date": born}).age == age

    @pytest.mark.parametrize("age", [-1, 151, 36.5, "36", True])
    def test_is_a_whole_number_within_them(self, age: object) -> None:
        assert fault_of(ProfileReplace, {"age": age, "birth_date": "1990-01-01"})[0] == "age"

    @pytest.mark.parametrize("born", ["2026-03-02", "1875-03-01", "1990-02-30", "yesterday"])
    def test_of_an_implausible_birth_date_is_none(self, born: str) -> None:
        assert fault_of(ProfileReplace, {"birth_date": born})[0] == "birth_date"


def test_today_is_that_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert abs(datetime.now(UTC).date() - profiles.today()) <= timedelta(days=1)


class TestProfile:
    def test_left_out_is_empty(self) -> None:
        empty: dict[str, Any] = {"bio": None, "birth_date": None, "age": None, "address": None, "preferences": {}}
        assert ProfileReplace.model_validate({}).model_dump() == empty

    @pytest.mark.parametrize("field", ADDRESS)
    def test_has_a_whole_address_or_none(self, field: str) -> None:
        assert ProfileReplace.model_validate({"address": ADDRESS}).address is not None
        for bad in ({**ADDRESS, field: ""}, {name: part for name, part in ADDRESS.items() if name != field}):
            assert fault_of(ProfileReplace, {"address": bad})[0] == f"address/{field}"

    def test_may_have_lines_in_its_words(self) -> None:
        assert ProfileReplace.model_validate({"bio": "one\ntwo"}).bio == "one\ntwo"
        assert fault_of(ProfileReplace, {"bio": "x" * 501})[0] == "bio"

    @pytest.mark.parametrize("preferences", [{"a": "x" * 8_200}, {"a": [[[[[[[[1]]]]]]]]}, [], None, "x"])
    def test_has_bounded_preferences(self, preferences: object) -> None:
        assert fault_of(ProfileReplace, {"preferences": preferences})[0] == "preferences"


class TestSettings:
    def test_have_defaults(self) -> None:
        assert UserSettings.model_validate({}).model_dump(mode="json") == {
            "language": "en",
            "timezone": "UTC",
            "email_notifications": True,
            "default_video_quality": "hd",
        }

    @pytest.mark.parametrize("language", ["en", "de-CH", "zh-Hant-TW", "gsw"])
    def test_take_tags_of_languages(self, language: str) -> None:
        assert UserSettingsUpdate.model_validate({"language": language}).changes() == {"language": language}

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("language", "english please"),
            ("language", ""),
            ("timezone", "Europe/Atlantis"),
            ("timezone", "../../etc/passwd"),
            ("timezone", "x" * 65),
            ("email_notifications", None),
            ("default_video_quality", "8k"),
        ],
    )
    def test_take_nothing_else(self, field: str, value: object) -> None:
        assert fault_of(UserSettingsUpdate, {field: value})[0] == field


class TestUsername:
    @pytest.mark.parametrize(("given", "kept"), [("ada", "ada"), ("Ada_King-1", "ada_king-1"), ("x" * 50, "x" * 50)])
    def test_is_kept_in_lower_case(self, given: str, kept: str) -> None:
        assert UserRegister.model_validate({**NEW, "username": given}).username == kept

    @pytest.mark.parametrize(
        "bad", ["", "ab", "x" * 51, "a da", "ada!", "ädä", "ada\n", "admin", "ROOT", "System", "aPi", 123]
    )
    def test_has_a_form_and_is_not_reserved(self, bad: object) -> None:
        assert fault_of(UserRegister, {**NEW, "username": bad})[0] == "username"
