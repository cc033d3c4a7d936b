"""Users as they are sent and answered."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from app.core.enums import UserRole, UserStatus
from app.schemas.users import UserCreate, UserQuery, UserRead, UserRegister, UserUpdate, UserUpdateMe

PASSWORD = "Lovelace1815"
NEW = {"email": "ada@example.com", "password": PASSWORD}
NOW = datetime(2026, 1, 2, tzinfo=UTC)
ROW = {
    "id": 1,
    "email": "ada@example.com",
    "username": "ada",
    "full_name": "Ada",
    "role": UserRole.USER,
    "status": UserStatus.ACTIVE,
    "created_at": NOW,
    "updated_at": NOW,
    "email_verified_at": None,
    "version": 1,
}


def registration(**values: Any) -> UserRegister:
    return UserRegister.model_validate({**NEW, **values})


def fault_of(schema: type[Any], body: dict[str, Any]) -> tuple[str, str]:
    """Where the only fault is, and what is said about it."""
    with pytest.raises(ValidationError) as failure:
        schema.model_validate(body)
    [error] = failure.value.errors()
    return "/".join(map(str, error["loc"])), error["msg"]


class TestEmail:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ("ada@example.com", "ada@example.com"),
            ("ADA@Example.COM", "ada@example.com"),
            ("  ada@example.com ", "ada@example.com"),
            ("ada+tag@example.com", "ada+tag@example.com"),
            ("Ünï@example.com", "ünï@example.com"),
            ("ada@bücher.example", "ada@bücher.example"),
        ],
    )
    def test_is_kept_in_one_form(self, given: str, kept: str) -> None:
        assert registration(email=given).email == kept

    @pytest.mark.parametrize(
        "given",
        [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@@example.com",
            "ada @example.com",
            "ada@exa\0mple.com",
            "ada@example.com\n",
            "a\0da@example.com",
            "ada@[127.0.0.1]",
            "Ada <ada@example.com>",
            "<ada@example.com>",
            "ada@" + "x" * 260 + ".com",
            "ada@example.com, bob@example.com",
            None,
            5,
            ["ada@example.com"],
        ],
    )
    def test_is_one_address_alone(self, given: object) -> None:
        assert fault_of(UserRegister, {**NEW, "email": given})[0] == "email"


class TestPassword:
    @pytest.mark.parametrize(
        ("password", "missing"),
        [
            ("lovelace1815", "one upper-case letter"),
            ("LOVELACE1815", "one lower-case letter"),
            ("LovelaceAda", "one digit"),
            ("lovelace", "one upper-case letter and one digit"),
            ("--------", "one upper-case letter and one lower-case letter and one digit"),
        ],
    )
    def test_names_each_class_that_is_missing(self, password: str, missing: str) -> None:
        where, message = fault_of(UserRegister, {**NEW, "password": password})
        assert (where, message) == ("password", f"Value error, needs at least {missing}")

    @pytest.mark.parametrize("length", [7, 129])
    def test_is_refused_where_it_is_too_short_or_too_long(self, length: int) -> None:
        assert fault_of(UserRegister, {**NEW, "password": "aA1".ljust(length, "x")})[0] == "password"

    @pytest.mark.parametrize("length", [8, 128])
    def test_is_kept_to_the_last_character(self, length: int) -> None:
        password = " aA1" + "x" * (length - 5) + " "
        assert registration(password=password).password.get_secret_value() == password

    def test_its_length_is_counted_once_it_is_composed(self) -> None:
        decomposed = "Aa1" + "e\u0301" * 125
        kept = registration(password=decomposed).password.get_secret_value()
        assert (len(kept), kept[3:5]) == (128, "\u00e9\u00e9")
        assert fault_of(UserRegister, {**NEW, "password": "Aa1" + "e\u0301" * 4})[0] == "password"
        assert fault_of(UserRegister, {**NEW, "password": decomposed + "e\u0301"})[0] == "password"
        assert registration(password=decomposed, confirm_password=kept).password.get_secret_value() == kept

    def test_with_a_pile_of_marks_is_refused_before_they_are_sorted(self) -> None:
        assert fault_of(UserRegister, {**NEW, "password": "Aa1" + "e" + "\u0301\u0323" * 50})[0] == "password"

    def test_is_no_common_one(self) -> None:
        where, message = fault_of(UserRegister, {**NEW, "password": "Welcome2024"})
        assert (where, message.startswith("Value error, is too common")) == ("password", True)

    def test_is_not_shown(self) -> None:
        assert PASSWORD not in repr(registration(confirm_password=PASSWORD))

    @pytest.mark.parametrize("confirmation", [PASSWORD, None])
    def test_may_be_confirmed(self, confirmation: str | None) -> None:
        assert registration(confirm_password=confirmation).password.get_secret_value() == PASSWORD

    @pytest.mark.parametrize("confirmation", ["", "Lovelace1816", "lovelace1815", f"{PASSWORD} "])
    def test_must_be_confirmed_by_itself(self, confirmation: str) -> None:
        where, message = fault_of(UserRegister, {**NEW, "confirm_password": confirmation})
        assert (where, message) == ("", "Value error, Passwords do not match")


class TestFullName:
    @pytest.mark.parametrize("field", ["full_name", "name"])
    @pytest.mark.parametrize(
        ("given", "kept"), [("Ada", "Ada"), ("  Ada \n", "Ada"), (None, None), ("日本 😀", "日本 😀")]
    )
    def test_is_read_under_both_names(self, field: str, given: str | None, kept: str | None) -> None:
        assert registration(**{field: given}).full_name == kept

    def test_is_not_read_twice(self) -> None:
        with pytest.raises(ValidationError, match="Extra inputs"):
            registration(full_name="Ada", name="Bob")

    @pytest.mark.parametrize("given", ["", "  ", "x" * 101, "a\0b", 5])
    def test_is_refused_where_it_cannot_be_shown(self, given: object) -> None:
        assert fault_of(UserRegister, {**NEW, "full_name": given})[0] == "full_name"


class TestUserRegister:
    @pytest.mark.parametrize("field", ["role", "status", "is_active", "id", "hashed_password", "deleted_at"])
    def test_gives_nobody_more_than_they_may_take(self, field: str) -> None:
        assert fault_of(UserRegister, {**NEW, field: "admin"}) == (field, "Extra inputs are not permitted")


class TestUserCreate:
    def test_is_a_usual_user_unless_said_otherwise(self) -> None:
        new = UserCreate.model_validate(NEW)
        assert (new.role, new.status) == (UserRole.USER, UserStatus.ACTIVE)

    @pytest.mark.parametrize("body", [{"role": None}, {"role": "king"}, {"status": None}, {"status": "deleted"}])
    def test_knows_its_roles_and_statuses(self, body: dict[str, Any]) -> None:
        assert fault_of(UserCreate, {**NEW, **body})[0] == next(iter(body))


class TestUserUpdateMe:
    @pytest.mark.parametrize("name", ["Ada", None])
    def test_changes_the_name_or_takes_it_away(self, name: str | None) -> None:
        assert UserUpdateMe.model_validate({"full_name": name}).changes() == {"full_name": name}

    def test_changes_something(self) -> None:
        assert fault_of(UserUpdateMe, {}) == ("", "Value error, at least one field must be given")

    @pytest.mark.parametrize("field", ["email", "role", "status", "is_active", "password", "name"])
    def test_changes_nothing_else(self, field: str) -> None:
        assert fault_of(UserUpdateMe, {field: "x", "full_name": "Ada"}) == (field, "Extra inputs are not permitted")


class TestUserUpdate:
    @pytest.mark.parametrize(
        ("body", "changes"),
        [
            ({"full_name": None}, {"full_name": None}),
            ({"email": "NEW@example.com"}, {"email": "new@example.com"}),
            ({"role": "admin"}, {"role": UserRole.ADMIN}),
            ({"status": "suspended"}, {"status": UserStatus.SUSPENDED}),
            ({"is_active": True}, {"status": UserStatus.ACTIVE}),
            ({"is_active": False}, {"status": UserStatus.INACTIVE}),
            (
                {"is_active": False, "role": "user", "full_name": "Ada"},
                {"status": UserStatus.INACTIVE, "role": UserRole.USER, "full_name": "Ada"},
            ),
        ],
    )
    def test_names_the_columns_to_change(self, body: dict[str, Any], changes: dict[str, Any]) -> None:
        assert UserUpdate.model_validate(body).changes() == changes

    @pytest.mark.parametrize("field", ["email", "role", "status", "is_active"])
    def test_refuses_null_for_what_must_be_something(self, field: str) -> None:
        assert fault_of(UserUpdate, {field: None})[0] == field

    def test_changes_something(self) -> None:
        assert fault_of(UserUpdate, {}) == ("", "Value error, at least one field must be given")

    @pytest.mark.parametrize("status", UserStatus)
    @pytest.mark.parametrize("is_active", [True, False])
    def test_takes_status_or_is_active_but_not_both(self, status: UserStatus, *, is_active: bool) -> None:
        where, message = fault_of(UserUpdate, {"status": status, "is_active": is_active})
        assert (where, message) == ("", "Value error, give status or is_active, not both")


class TestUserRead:
    @pytest.mark.parametrize("status", UserStatus)
    def test_tells_whether_the_account_is_active(self, status: UserStatus) -> None:
        assert UserRead.model_validate({**ROW, "status": status}).is_active is (status is UserStatus.ACTIVE)

    @pytest.mark.parametrize("name", ["Ada", None])
    def test_tells_the_name_under_both_names(self, name: str | None) -> None:
        body = UserRead.model_validate({**ROW, "full_name": name}).model_dump(mode="json")
        assert (body["name"], body["full_name"]) == (name, name)

    def test_holds_no_secret(self) -> None:
        body = UserRead.model_validate({**ROW, "hashed_password": "x", "deleted_at": None}).model_dump(mode="json")
        assert set(body) == {*ROW, "is_active", "name"}


class TestUserQuery:
    def test_is_the_newest_first_page_by_default(self) -> None:
        query = UserQuery()
        assert (query.page, query.size, query.sort_by.value, query.sort_order.value) == (1, 20, "created_at", "desc")
        assert (query.role, query.status, query.search) == (None, None, None)

    @pytest.mark.parametrize("body", [{"size": 101}, {"page": 0}, {"search": " "}, {"sort_by": "x"}, {"q": "x"}])
    def test_refuses_what_is_out_of_bounds(self, body: dict[str, Any]) -> None:
        assert fault_of(UserQuery, body)[0] == next(iter(body))


def test_a_change_takes_the_name_under_its_other_name() -> None:
    assert UserUpdateMe.model_validate({"name": "Ada King"}).changes() == {"full_name": "Ada King"}
    assert UserUpdate.model_validate({"name": None}).changes() == {"full_name": None}
