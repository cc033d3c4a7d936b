"""Addresses in one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lintel.api import EmailAddress, normalized_email

address: TypeAdapter[str] = TypeAdapter(EmailAddress)


class TestEmailAddress:
    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            (" Ada@Example.COM ", "ada@example.com"),
            ("ada@xn--exmple-cua.com", "ada@exämple.com"),
            ("ada@EXÄMPLE.com", "ada@exämple.com"),
            ("ada@\uff45xample\u3002com", "ada@example.com"),
            ("Zoe\u0301@example.com", "zoé@example.com"),
            ("\u212aate@example.com", "kate@example.com"),
            ("用户@example.com", "用户@example.com"),
        ],
    )
    def test_has_one_form(self, typed: str, stored: str) -> None:
        assert address.validate_python(typed) == stored

    @pytest.mark.parametrize(
        "typed",
        [
            "\uff41da@example.com",
            "ﬁ@example.com",
            "a\u034fda@example.com",
            "\u3164@example.com",
            "a\u200bda@example.com",
            "\u202eada@example.com",
            "e\ufe0f@example.com",
            "é\u200dé@example.com",
            "Ada <ada@example.com>",
            '"a b"@example.com',
            "ada@[127.0.0.1]",
            "ada@localhost",
            "a@" + "x." * 130 + "com",
            "a" * 5_000 + "@example.com",
            "ada",
            "",
        ],
        ids=lambda typed: ascii(typed)[:30],
    )
    def test_is_refused_where_it_looks_like_another_or_is_none(self, typed: str) -> None:
        with pytest.raises(ValidationError):
            address.validate_python(typed)

    def test_tells_scripts_apart(self) -> None:
        """Look-alikes of different scripts are different addresses for mail servers, and so they are here."""
        assert address.validate_python("\u0430da@example.com") != "ada@example.com"

    @given(st.emails() | st.text(max_size=20).map(lambda local: f"{local}@example.com"))
    def test_stays_as_it_is_once_it_is_stored(self, typed: str) -> None:
        try:
            stored = address.validate_python(typed)
        except ValidationError:
            return
        assert address.validate_python(stored) == normalized_email(typed) == stored


class TestNormalizedEmail:
    def test_finds_what_is_stored(self) -> None:
        assert normalized_email(" ADA@xn--exmple-cua.com ") == "ada@exämple.com"

    @pytest.mark.parametrize("typed", ["", "ada", "Ada <ada@example.com>", "x" * 10_000])
    def test_leaves_anything_else_as_it_is(self, typed: str) -> None:
        assert normalized_email(typed) == typed
