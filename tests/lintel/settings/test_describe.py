from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from lintel.settings import SettingDescription, describe_settings, load_settings

Read = Callable[..., Settings]

SECRET = "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA"


def row(settings: Settings, name: str) -> SettingDescription:
    return next(row for row in describe_settings(settings) if name in row.names)


class TestDescribeSettings:
    def test_has_a_row_with_a_meaning_for_every_setting(self, read: Read) -> None:
        rows = describe_settings(read())
        assert {row.names[0] for row in rows} == {name.upper() for name in Settings.model_fields}
        assert len(rows) == len(Settings.model_fields)
        assert [row.names[0] for row in rows if not row.meaning] == []

    def test_rows_of_a_group_stand_together(self, read: Read) -> None:
        groups = [row.group for row in describe_settings(read())]
        changes = [group for group, before in zip(groups, [None, *groups], strict=False) if group != before]
        assert len(changes) == len(set(changes))

    @pytest.mark.parametrize(
        ("name", "group"),
        [
            ("ENVIRONMENT", "BaseGroup"),
            ("DOCS", "ServiceSettings"),
            ("PORT", "ServerSettings"),
            ("CORS_ORIGINS", "HttpSettings"),
            ("DATABASE_URL", "DatabaseSettings"),
            ("REDIS_URL", "RedisSettings"),
            ("SECRET_KEY", "SecuritySettings"),
            ("LOG_LEVEL", "LoggingSettings"),
            ("REGISTRATION", "AccountSettings"),
        ],
    )
    def test_names_the_group_that_declares_a_setting(self, read: Read, name: str, group: str) -> None:
        assert row(read(), name).group == group

    @pytest.mark.parametrize(
        ("name", "names"),
        [
            ("PORT", ("PORT",)),
            ("API_TITLE", ("APP_NAME", "API_TITLE")),
            ("WEB_CONCURRENCY", ("WORKERS", "WEB_CONCURRENCY")),
            ("CORS_ALLOW_CREDENTIALS", ("CORS_CREDENTIALS", "CORS_ALLOW_CREDENTIALS")),
            ("RATE_LIMIT_REQUESTS", ("RATE_LIMIT_PER_MINUTE", "RATE_LIMIT_REQUESTS")),
        ],
    )
    def test_lists_every_name_with_the_usual_one_first(self, read: Read, name: str, names: tuple[str, ...]) -> None:
        assert row(read(), name).names == names

    @pytest.mark.parametrize(
        ("name", "variables", "value", "default"),
        [
            ("PORT", {"PORT": "81"}, "81", "8000"),
            ("ALLOWED_HOSTS", {"ALLOWED_HOSTS": "a.test,b.test"}, "a.test, b.test", ""),
            ("CORS_METHODS", {"CORS_METHODS": ""}, "", "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
            ("DOCS", {}, "", ""),
            ("ENVIRONMENT", {}, "development", "development"),
            ("DEBUG", {"DEBUG": "1"}, "True", "False"),
        ],
    )
    def test_shows_value_and_default_as_text(
        self, read: Read, name: str, variables: dict[str, str], value: str, default: str
    ) -> None:
        found = row(read(**variables), name)
        assert (found.value, found.default) == (value, default)


class TestSecrets:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("SECRET_KEY", SECRET),
            ("DATABASE_URL", f"postgresql://u:{SECRET}@h/d"),
            ("DATABASE_READER_URL", f"postgresql://u:{SECRET}@h/d"),
            ("REDIS_URL", f"redis://:{SECRET}@h"),
            ("FIRST_ADMIN_PASSWORD", SECRET),
        ],
    )
    def test_are_masked(self, read: Read, name: str, text: str) -> None:
        settings = read(**{name: text})
        assert row(settings, name).value == "********"
        assert SECRET not in repr(describe_settings(settings))

    def test_an_unset_one_is_not(self, read: Read) -> None:
        assert row(read(), "SECRET_KEY").value == ""


class TestSource:
    @pytest.mark.parametrize("name", ["APP_NAME", "API_TITLE", "api_title"])
    def test_a_variable_under_any_of_its_names(self, read: Read, name: str) -> None:
        assert row(read(**{name: "Words"}), "APP_NAME").source == "environment"

    @pytest.mark.parametrize("name", ["APP_NAME_FILE", "API_TITLE_FILE"])
    def test_a_file_named_by_a_variable(self, read: Read, untouched_machine: Path, name: str) -> None:
        (untouched_machine / "name").write_text("Words")
        assert row(read(**{name: "name"}), "APP_NAME").source == "NAME_FILE"

    def test_a_file_named_in_the_env_file(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / "name").write_text("Words")
        (untouched_machine / ".env").write_text("API_TITLE_FILE=name\n")
        assert row(read(), "APP_NAME").source == "NAME_FILE"

    @pytest.mark.parametrize("name", ["APP_NAME", "API_TITLE", "api_title"])
    def test_the_env_file(self, read: Read, untouched_machine: Path, name: str) -> None:
        (untouched_machine / ".env").write_text(f"{name}=Words\n")
        assert row(read(), "APP_NAME").source == ".env"

    @pytest.mark.parametrize("name", ["app_name", "API_TITLE"])
    def test_the_secrets_directory(self, read: Read, untouched_machine: Path, name: str) -> None:
        (untouched_machine / name).write_text("Words")
        assert row(read(SECRETS_DIR="."), "APP_NAME").source == "SECRETS_DIR"

    def test_nothing_but_the_default(self, read: Read) -> None:
        assert {row.source for row in describe_settings(read())} == {"default"}

    def test_the_strongest_of_several(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / ".env").write_text("APP_NAME=dotenv\nPORT=81\n")
        settings = read(API_TITLE="environment")
        assert (row(settings, "APP_NAME").source, row(settings, "APP_NAME").value) == ("environment", "environment")
        assert (row(settings, "PORT").source, row(settings, "PORT").value) == (".env", "81")

    def test_another_env_file_or_none(self, untouched_machine: Path) -> None:
        (untouched_machine / "other").write_text("PORT=81\n")
        (untouched_machine / ".env").write_text("PORT=82\n")
        for env_file, source in ((Path("other"), ".env"), (None, "default")):
            settings = load_settings(Settings, env_file=env_file)
            rows = describe_settings(settings, env_file=env_file)
            assert [row.source for row in rows if row.names[0] == "PORT"] == [source]
