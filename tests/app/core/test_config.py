"""The settings of this service."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.config import DESCRIPTION, Settings, ThrottleSettings, get_settings
from lintel.settings import Environment, SettingsError, load_settings

PRODUCTION: dict[str, Any] = {
    "environment": "production",
    "secret_key": "0123456789abcdef" * 2,
    "allowed_hosts": ["a.dev"],
}
SERVER = {"mail_url": "smtps://mail.lintel.dev", "mail_from": "noreply@lintel.dev"}


@pytest.fixture(autouse=True)
def nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Neither a variable of this machine nor a `.env` counts."""
    monkeypatch.chdir(tmp_path)
    for name, field in Settings.model_fields.items():
        aliases = getattr(field.validation_alias, "choices", [])
        for variable in {name.upper(), *map(str, aliases)}:
            monkeypatch.delenv(variable, raising=False)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def faults_of(**values: Any) -> set[str]:
    with pytest.raises(SettingsError) as failure:
        load_settings(Settings, env_file=None, **values)
    return set(failure.value.faults)


class TestVersions:
    def test_have_a_prefix_each(self) -> None:
        assert (get_settings().api_v1_prefix, get_settings().api_v2_prefix) == ("/api/v1", "/api/v2")
        assert faults_of(api_v1_prefix="/api", api_v2_prefix="/api") == {"API_V2_PREFIX"}


class TestSettings:
    def test_need_nothing_in_development(self) -> None:
        settings = get_settings()
        assert settings.environment is Environment.DEVELOPMENT
        assert (settings.app_name, settings.app_description) == ("Lintel", DESCRIPTION)
        assert (settings.registration, settings.email_allowed_domains) == ("open", ())
        assert settings.first_admin_password is None

    @pytest.mark.parametrize(
        ("variable", "value", "field", "expected"),
        [
            ("APP_NAME", "Shop", "app_name", "Shop"),
            ("API_TITLE", "Shop", "app_name", "Shop"),
            ("APP_DESCRIPTION", "Sells.", "app_description", "Sells."),
            ("API_DESCRIPTION", "Sells.", "app_description", "Sells."),
            ("REGISTRATION", "closed", "registration", "closed"),
            ("EMAIL_ALLOWED_DOMAINS", "a.example, b.example", "email_allowed_domains", ("a.example", "b.example")),
            ("EMAIL_BLOCKED_DOMAINS", '["a.example"]', "email_blocked_domains", ("a.example",)),
            ("FIRST_ADMIN_EMAIL", "root@lintel.dev", "first_admin_email", "root@lintel.dev"),
            ("FIRST_ADMIN_PASSWORD", "  ", "first_admin_password", None),
            ("RATE_LIMIT_PER_MINUTE", "7", "rate_limit_per_minute", 7),
            ("RATE_LIMIT_REQUESTS", "7", "rate_limit_per_minute", 7),
            ("ENABLE_CACHING", "no", "enable_caching", False),
        ],
    )
    def test_are_read_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, expected: object
    ) -> None:
        monkeypatch.setenv(variable, value)
        assert getattr(get_settings(), field) == expected

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("registration", "ajar"),
            ("first_admin_email", "nobody-at-all"),
            ("public_url", "ftp://api.example.com"),
            ("public_url", "https://api.example.com/?next=1"),
            ("first_admin_password", "Short1A"),
            ("first_admin_password", "Lovelace1" * 20),
            ("first_admin_password", "lovelace1815"),
            ("first_admin_password", "LOVELACE1815"),
            ("first_admin_password", "LovelaceAda"),
            ("first_admin_password", "Passw0rd!2024"),
        ],
    )
    def test_refuse_what_is_not_valid_without_repeating_it(self, name: str, value: str) -> None:
        with pytest.raises(SettingsError) as failure:
            load_settings(Settings, env_file=None, **{name: value})
        assert set(failure.value.faults) == {name.upper()}
        assert value not in str(failure.value)

    def test_accept_a_good_password_for_the_first_administrator(self) -> None:
        settings = load_settings(Settings, env_file=None, first_admin_password="Lovelace1815")
        assert settings.first_admin_password is not None
        assert "Lovelace1815" not in repr(settings)

    @pytest.mark.parametrize(
        "name",
        [
            "login_attempts",
            "login_attempts_per_address",
            "login_attempts_per_account",
            "registrations_per_address",
            "password_mails_per_address",
        ],
    )
    def test_have_several_processes_count_attempts_together(self, name: str) -> None:
        alone = {"database_url": "postgresql://h/d", "rate_limit_per_minute": 0, "enable_caching": False, "workers": 2}
        throttles = dict.fromkeys(ThrottleSettings.__annotations__, 0)
        assert load_settings(Settings, env_file=None, **alone, **throttles).workers == 2
        assert faults_of(**alone, **{**throttles, name: 1}) == {"WORKERS"}
        shared = {**alone, **throttles, name: 1, "redis_url": "redis://h:6379/0"}
        assert load_settings(Settings, env_file=None, **shared).workers == 2

    def test_name_every_fault_at_once(self) -> None:
        faults = faults_of(environment="production", registration="x", first_admin_email="y")
        assert faults == {"SECRET_KEY", "ALLOWED_HOSTS", "REGISTRATION", "FIRST_ADMIN_EMAIL", "MAIL_URL"}


class TestMustVerifyEmail:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({}, False),
            ({"email_verification": " "}, False),
            ({"email_verification": "required"}, True),
            ({**PRODUCTION, **SERVER}, True),
            ({**PRODUCTION, **SERVER, "environment": "staging"}, True),
            ({**PRODUCTION, "email_verification": "optional"}, False),
        ],
    )
    def test_is_what_is_set_or_what_production_asks_for(self, values: dict[str, Any], *, expected: bool) -> None:
        assert load_settings(Settings, env_file=None, **values).must_verify_email == expected

    @pytest.mark.parametrize("values", [{}, {"email_verification": "required"}, {"mail_url": ""}])
    def test_needs_mails_that_arrive(self, values: dict[str, Any]) -> None:
        assert faults_of(**PRODUCTION, **values) == {"MAIL_URL"}

    def test_is_one_of_two(self) -> None:
        assert faults_of(**PRODUCTION, email_verification="maybe") == {"EMAIL_VERIFICATION"}


class TestPublicApi:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({}, "http://localhost:8000/api/v1"),
            ({"port": 9000, "public_url": " "}, "http://localhost:9000/api/v1"),
            ({"public_url": "https://api.lintel.dev"}, "https://api.lintel.dev/api/v1"),
            ({"public_url": "https://lintel.dev/texts/", "api_v1_prefix": "/v1"}, "https://lintel.dev/texts/v1"),
            (
                {**PRODUCTION, "email_verification": "optional"},
                "/api/v1",
            ),
        ],
    )
    def test_is_what_is_set_or_this_machine_or_a_path(self, values: dict[str, Any], expected: str) -> None:
        assert load_settings(Settings, env_file=None, **values).public_api == expected


class TestGetSettings:
    def test_reads_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        first = get_settings()
        monkeypatch.setenv("APP_NAME", "Later")
        assert get_settings() is first

    def test_tries_again_after_a_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("REGISTRATION", "x")
        with pytest.raises(SettingsError):
            get_settings()
        monkeypatch.setenv("REGISTRATION", "closed")
        assert get_settings().registration == "closed"

    def test_reads_the_file_of_local_settings(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("APP_NAME=From a file\n")
        assert get_settings().app_name == "From a file"
