"""Rules for accounts that depend on the settings."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.core.config import Settings
from app.core.exceptions import InvitationNeeded, RegistrationClosed
from app.core.passwords import MADE_OF_NAMES
from app.core.policies import AccountPolicy
from lintel.errors import InvalidInput
from lintel.settings import load_settings


def policy(**values: Any) -> AccountPolicy:
    return AccountPolicy.of(load_settings(Settings, env_file=None, data_dir=Path("nowhere"), **values))


class TestCheckRegistration:
    def test_lets_people_in_where_it_is_open(self) -> None:
        policy(registration="open").check_registration()

    @pytest.mark.parametrize("is_invited", [False, True])
    def test_refuses_them_where_it_is_closed(self, *, is_invited: bool) -> None:
        with pytest.raises(RegistrationClosed):
            policy(registration="closed").check_registration(is_invited=is_invited)

    def test_lets_who_was_invited_in_where_that_is_needed(self) -> None:
        policy(registration="invite").check_registration(is_invited=True)
        with pytest.raises(InvitationNeeded):
            policy(registration="invite").check_registration()


class TestCheckEmail:
    @pytest.mark.parametrize(
        ("allowed", "blocked", "email", "is_welcome"),
        [
            ([], [], "ada@example.com", True),
            (["example.com"], [], "ada@example.com", True),
            (["EXAMPLE.com", "b.example"], [], "ada@example.com", True),
            (["example.com"], [], "ada@b.example", False),
            (["example.com"], [], "ada@sub.example.com", False),
            (["example.com"], [], "ada@notexample.com", False),
            ([], ["example.com"], "ada@example.com", False),
            ([], ["Example.COM"], "ada@example.com", False),
            ([], ["example.com"], "ada@sub.example.com", True),
            (["example.com"], ["example.com"], "ada@example.com", False),
            (["example.com"], ["example.com"], "ada@b.example", False),
            (["example.com"], [], '"a@b.example"@example.com', True),
        ],
    )
    def test_minds_the_domain_behind_the_last_sign(
        self, allowed: Sequence[str], blocked: Sequence[str], email: str, *, is_welcome: bool
    ) -> None:
        rules = policy(email_allowed_domains=allowed, email_blocked_domains=blocked)
        if is_welcome:
            rules.check_email(email)
            return
        with pytest.raises(InvalidInput) as failure:
            rules.check_email(email)
        [error] = failure.value.errors
        assert (error.pointer, error.code) == ("/body/email", "email_domain")


class TestCheckPassword:
    @pytest.mark.parametrize(
        ("password", "is_enough"),
        [
            ("Lovelace1815", False),
            ("Lovelace 1815", False),
            ("Lovelace\t1815", False),
            ("Lövelace1815", False),
            ("Lovelace1815!", True),
            ("Lovelace_1815", True),
            ("Lovelace1815€", True),
            ("Lovelace1815😀", True),
        ],
    )
    def test_asks_for_a_special_character_where_that_is_set(self, password: str, *, is_enough: bool) -> None:
        if is_enough:
            policy(password_require_special=True).check_password(password)
            return
        with pytest.raises(InvalidInput) as failure:
            policy(password_require_special=True).check_password(password)
        [error] = failure.value.errors
        assert (error.pointer, error.code) == ("/body/password", "password_special")
        assert password not in failure.value.detail

    def test_asks_for_none_unless_it_is_set(self) -> None:
        policy().check_password("Lovelace1815", "ada@example.com", None)
        assert not policy().require_special

    @pytest.mark.parametrize("password", ["Lovelace1815", "Example2026", "Lintel!2026", "Ada1843Ada"])
    def test_refuses_what_others_know_of_the_user_and_the_service(self, password: str) -> None:
        with pytest.raises(InvalidInput) as failure:
            policy().check_password(password, "ada@example.com", "Ada Lovelace", None, pointer="/body/new_password")
        [error] = failure.value.errors
        assert (error.pointer, error.message, error.code) == ("/body/new_password", MADE_OF_NAMES, "password_personal")
        assert password not in failure.value.detail
