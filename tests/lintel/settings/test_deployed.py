"""What must be set where the service is deployed."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from lintel.settings import SettingsError, load_settings
from tests.lintel.settings.conftest import DEPLOYED, REDIS_URL, SECRET, UNDEPLOYED, Faults, Read

PLACEHOLDER = "is a placeholder: put a value of your own in its place"
UNTHROTTLED = dict.fromkeys(
    [
        "LOGIN_ATTEMPTS",
        "LOGIN_ATTEMPTS_PER_ADDRESS",
        "LOGIN_ATTEMPTS_PER_ACCOUNT",
        "REGISTRATIONS_PER_ADDRESS",
        "PASSWORD_MAILS_PER_ADDRESS",
    ],
    "0",
)
"""What the service itself would have counted together."""


class TestWorkers:
    """One refusal for everything that the embedded adapters cannot share, naming what to set."""

    @pytest.mark.parametrize(
        ("others", "what"),
        [
            ({}, "rate limits, a cache and channels"),
            ({"DATABASE_URL": "sqlite:///x.db"}, "rate limits, a cache and channels"),
            ({"DATABASE_URL": "postgresql://h/d"}, "rate limits and a cache"),
            ({"DATABASE_URL": "postgresql://h/d", "RATE_LIMIT_PER_MINUTE": "0"}, "a cache"),
            ({"RATE_LIMIT_PER_MINUTE": "0", "ENABLE_CACHING": "no"}, "channels"),
        ],
    )
    def test_several_cannot_keep_apart_what_they_must_share(
        self, faults: Faults, others: dict[str, str], what: str
    ) -> None:
        found = faults(WORKERS="2", **others)
        assert found == {"WORKERS": f"must be 1 without a REDIS_URL: each process would have {what} of its own"}

    @pytest.mark.parametrize(
        "others",
        [
            {"REDIS_URL": REDIS_URL},
            {"DATABASE_URL": "postgresql://h/d", "RATE_LIMIT_PER_MINUTE": "0", "ENABLE_CACHING": "no", **UNTHROTTLED},
        ],
    )
    def test_they_can_with_a_shared_store_or_without_need_of_one(self, read: Read, others: dict[str, str]) -> None:
        assert read(WORKERS="2", **others).workers == 2

    def test_one_needs_nothing(self, read: Read) -> None:
        assert read(WORKERS="1").workers == 1

    @pytest.mark.parametrize(
        ("name", "value"), [("RATE_LIMIT_PER_MINUTE", "many"), ("REDIS_URL", "x"), ("ENABLE_CACHING", "7")]
    )
    def test_a_faulty_setting_is_one_fault(self, faults: Faults, name: str, value: str) -> None:
        others = {"DATABASE_URL": "postgresql://h/d", "RATE_LIMIT_PER_MINUTE": "0", "ENABLE_CACHING": "no"}
        assert list(faults(WORKERS="2", **{**others, **UNTHROTTLED, name: value})) == [name]


class TestPlaceholders:
    @DEPLOYED
    @pytest.mark.parametrize("value", ["change-me", "CHANGE_ME", "Changeme", "x change me", "${NAME}"])
    @pytest.mark.parametrize(
        "name", ["APP_NAME", "ALLOWED_HOSTS", "FIRST_ADMIN_EMAIL", "REDIS_URL", "PORT", "DATA_DIR"]
    )
    def test_are_refused_in_any_setting_where_deployed(
        self, faults: Faults, deployable: dict[str, str], environment: str, name: str, value: str
    ) -> None:
        assert faults(**{**deployable, "ENVIRONMENT": environment, name: value}) == {name: PLACEHOLDER}

    def test_are_refused_within_a_url(self, faults: Faults, deployable: dict[str, str]) -> None:
        url = "postgresql://lintel:${POSTGRES_PASSWORD}@db/lintel"
        assert faults(**deployable, DATABASE_URL=url) == {"DATABASE_URL": PLACEHOLDER}

    def test_are_refused_as_arguments(self, deployable: dict[str, str]) -> None:
        values: dict[str, Any] = {name.lower(): value for name, value in deployable.items()}
        values["database_url"] = SecretStr("postgresql://lintel:change-me@db/lintel")
        with pytest.raises(SettingsError) as refused:
            load_settings(Settings, env_file=None, **values)
        assert refused.value.faults == {"DATABASE_URL": PLACEHOLDER}

    @UNDEPLOYED
    def test_do_elsewhere(self, read: Read, environment: str) -> None:
        assert read(ENVIRONMENT=environment, SECRET_KEY=SECRET, APP_NAME="change-me").app_name == "change-me"


class TestDeployed:
    @DEPLOYED
    def test_the_least_that_must_be_set_is_enough(
        self, read: Read, deployable: dict[str, str], environment: str
    ) -> None:
        settings = read(**{**deployable, "ENVIRONMENT": environment})
        assert settings.environment.is_deployed
        assert settings.docs_enabled is settings.debug is False

    @DEPLOYED
    def test_every_fault_is_named_at_once(self, faults: Faults, environment: str) -> None:
        assert set(
            faults(
                ENVIRONMENT=environment,
                DEBUG="1",
                DOCS="yes",
                CORS_ORIGINS="*",
                FORWARDED_ALLOW_IPS="*",
                DATABASE_URL="mysql://h/d",
                PORT="x",
            )
        ) == {
            "SECRET_KEY",
            "ALLOWED_HOSTS",
            "DEBUG",
            "DOCS",
            "CORS_ORIGINS",
            "FORWARDED_ALLOW_IPS",
            "DATABASE_URL",
            "MAIL_URL",
            "PORT",
        }

    def test_an_unknown_environment_counts_as_deployed(self, faults: Faults) -> None:
        assert set(faults(ENVIRONMENT="produktion", DEBUG="true")) == {
            "ENVIRONMENT",
            "SECRET_KEY",
            "ALLOWED_HOSTS",
            "DEBUG",
            "MAIL_URL",
        }

    @UNDEPLOYED
    def test_nothing_of_this_is_asked_elsewhere(self, read: Read, environment: str, tmp_path: Path) -> None:
        loose: dict[str, Any] = {"DEBUG": "true", "DOCS": "true", "ALLOWED_HOSTS": "*", "CORS_ORIGINS": "*"}
        settings = read(ENVIRONMENT=environment, SECRET_KEY=SECRET, **loose)
        assert settings.debug is settings.docs_enabled is True
