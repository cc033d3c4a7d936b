import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from app.core.config import Settings
from lintel.settings import SecuritySettings, SettingsError, load_settings

Read = Callable[..., Settings]
Faults = Callable[..., dict[str, str]]

SECRET = "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA"


def everything_shown(error: BaseException) -> str:
    return "".join([str(error), repr(error), *traceback.format_exception(error)])


class TestPrecedence:
    """Arguments, environment, NAME_FILE, .env, SECRETS_DIR: the test takes the strongest away, one by one."""

    def test_each_source_beats_those_below_it(
        self, read: Read, monkeypatch: pytest.MonkeyPatch, untouched_machine: Path
    ) -> None:
        secrets = untouched_machine / "secrets"
        secrets.mkdir()
        (secrets / "app_name").write_text("directory")
        (untouched_machine / "name").write_text("file\n")
        (untouched_machine / ".env").write_text("APP_NAME=dotenv\n")
        read(SECRETS_DIR=str(secrets), APP_NAME_FILE="name", APP_NAME="environment")

        assert load_settings(Settings, app_name="argument").app_name == "argument"
        assert load_settings(Settings).app_name == "environment"
        monkeypatch.delenv("APP_NAME")
        assert load_settings(Settings).app_name == "file"
        monkeypatch.delenv("APP_NAME_FILE")
        assert load_settings(Settings).app_name == "dotenv"
        (untouched_machine / ".env").unlink()
        assert load_settings(Settings).app_name == "directory"
        monkeypatch.delenv("SECRETS_DIR")
        assert load_settings(Settings).app_name == "Lintel"

    def test_the_stronger_source_wins_under_another_name_too(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / ".env").write_text("APP_NAME=dotenv\nRATE_LIMIT_PER_MINUTE=1\n")
        settings = read(API_TITLE="environment", RATE_LIMIT_REQUESTS="2")
        assert (settings.app_name, settings.rate_limit_per_minute) == ("environment", 2)
        assert load_settings(Settings, app_name="argument").app_name == "argument"


class TestEnvFile:
    def test_is_read_as_utf8(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / ".env").write_text("APP_NAME=Grüße 🌍\nAPI_DESCRIPTION='Ü # no comment'\n", "utf-8")
        settings = read()
        assert (settings.app_name, settings.app_description) == ("Grüße 🌍", "Ü # no comment")

    def test_takes_names_in_any_case_and_ignores_unknown_ones(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / ".env").write_text("app_version=2\nexport Port=81\nSOMETHING_ELSE=x\n# DEBUG=true\n")
        settings = read()
        assert (settings.app_version, settings.port, settings.debug) == ("2", 81, False)

    def test_may_be_another_or_none(self, untouched_machine: Path) -> None:
        (untouched_machine / ".env").write_text("PORT=81\n")
        (untouched_machine / "other").write_text("PORT=82\n")
        assert load_settings(Settings, env_file=Path("other")).port == 82
        assert load_settings(Settings, env_file=None).port == 8000

    def test_its_faults_are_named_like_any_other(self, faults: Faults, untouched_machine: Path) -> None:
        (untouched_machine / ".env").write_text("PORT=http\nWORKERS=0\n")
        assert set(faults()) == {"PORT", "WORKERS"}

    def test_another_encoding_is_a_fault_like_any_other(self, untouched_machine: Path) -> None:
        (untouched_machine / ".env").write_bytes(f"SECRET_KEY={SECRET}ü\n".encode("latin-1"))
        with pytest.raises(SettingsError) as refused:
            load_settings(Settings)
        assert refused.value.faults == {".env": "is not UTF-8"}
        assert SECRET not in everything_shown(refused.value)


class TestFileReference:
    @pytest.mark.parametrize(("content", "value"), [("x", "x"), ("x\n", "x"), ("x\r\n", "x"), (" x \n", " x ")])
    def test_reads_the_file_without_its_last_line_break(
        self, read: Read, untouched_machine: Path, content: str, value: str
    ) -> None:
        (untouched_machine / "name").write_bytes(content.encode())
        assert read(APP_NAME_FILE=str(untouched_machine / "name")).app_name == value

    @pytest.mark.parametrize(
        ("name", "content", "field", "value"),
        [
            ("API_TITLE_FILE", "Wörter", "app_name", "Wörter"),
            ("api_title_file", "Words", "app_name", "Words"),
            ("ALLOWED_HOSTS_FILE", "a.test, b.test", "allowed_hosts", ("a.test", "b.test")),
            ("PORT_FILE", "81", "port", 81),
        ],
    )
    def test_works_under_every_name_and_for_every_type(
        self, read: Read, untouched_machine: Path, name: str, content: str, field: str, value: object
    ) -> None:
        (untouched_machine / "reference").write_text(content, "utf-8")
        assert getattr(read(**{name: "reference"}), field) == value

    def test_a_secret_comes_from_a_file(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / "key").write_text(f"{SECRET}\n")
        secret = read(SECRET_KEY_FILE="key").secret_key
        assert secret is not None
        assert secret.get_secret_value() == SECRET

    def test_may_be_named_in_the_env_file(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / "key").write_text(f"{SECRET}\n")
        (untouched_machine / ".env").write_text("SECRET_KEY_FILE=key\nAPP_NAME_FILE=nowhere\n")
        (untouched_machine / "name").write_text("Words")
        settings = read(APP_NAME_FILE="name")
        assert settings.secret_key is not None
        assert (settings.secret_key.get_secret_value(), settings.app_name) == (SECRET, "Words")

    def test_an_empty_name_names_no_file(self, read: Read) -> None:
        assert read(APP_NAME_FILE="").app_name == "Lintel"

    @pytest.mark.parametrize(("path", "reason"), [("nowhere", "No such file or directory"), (".", "Is a directory")])
    def test_a_file_that_cannot_be_read_is_a_fault_with_its_reason(
        self, faults: Faults, path: str, reason: str
    ) -> None:
        found = faults(SECRET_KEY_FILE=path, API_TITLE_FILE=path, PORT="http")
        assert set(found) == {"SECRET_KEY", "APP_NAME", "PORT"}
        assert found["SECRET_KEY"] == f"cannot be read from the file that SECRET_KEY_FILE names: {reason}"
        assert found["APP_NAME"] == f"cannot be read from the file that API_TITLE_FILE names: {reason}"

    def test_a_file_that_is_no_text_is_a_fault_that_does_not_show_it(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / "key").write_bytes(SECRET.encode() + b"\xff")
        with pytest.raises(SettingsError, match="the file that SECRET_KEY_FILE names: it is not UTF-8") as refused:
            read(SECRET_KEY_FILE="key")
        assert SECRET not in everything_shown(refused.value)


class TestSecretsDir:
    def test_has_a_file_for_each_setting(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / "secret_key").write_text(f"{SECRET}\n")
        (untouched_machine / "API_TITLE").write_text("Words")
        settings = read(SECRETS_DIR=str(untouched_machine))
        assert settings.secret_key is not None
        assert (settings.secret_key.get_secret_value(), settings.app_name) == (SECRET, "Words")

    def test_an_empty_name_names_no_directory(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / "app_name").write_text("Words")
        assert read(SECRETS_DIR="").app_name == "Lintel"

    @pytest.mark.parametrize("name", ["file", "nowhere"])
    def test_anything_else_in_its_place_is_a_fault(self, faults: Faults, untouched_machine: Path, name: str) -> None:
        (untouched_machine / "file").touch()
        assert faults(SECRETS_DIR=name) == {"SECRETS_DIR": "names no folder that is there"}

    def test_a_file_in_it_that_points_elsewhere_is_a_fault(self, read: Read, untouched_machine: Path) -> None:
        folder = untouched_machine / "secrets"
        folder.mkdir()
        (untouched_machine / "key").write_text(SECRET)
        (folder / "secret_key").symlink_to(untouched_machine / "key")
        with pytest.raises(SettingsError) as refused:
            read(SECRETS_DIR="secrets")
        assert SECRET not in everything_shown(refused.value)


class TestSettingsError:
    def test_lists_every_fault_under_its_variable(self, read: Read) -> None:
        with pytest.raises(SettingsError) as refused:
            read(ENVIRONMENT="production", PORT="-1", API_V1_PREFIX="v1")
        first, *lines = str(refused.value).splitlines()
        assert first == "the service cannot start with these settings:"
        assert {line.split()[0] for line in lines} == {
            "SECRET_KEY",
            "ALLOWED_HOSTS",
            "MAIL_URL",
            "PORT",
            "API_V1_PREFIX",
        }

    def test_shows_no_value(self, read: Read) -> None:
        wrong = {
            "ENVIRONMENT": "hunter1-production",
            "SECRET_KEY": "hunter2-short",
            "DATABASE_URL": "mysql://u:hunter3@h/d",
            "PORT": "hunter4",
            "CORS_ORIGINS": '["hunter5',
            "FIRST_ADMIN_EMAIL": "hunter6",
            "LOG_LEVEL": "hunter7",
            "DEBUG": "hunter8",
        }
        with pytest.raises(SettingsError) as refused:
            read(**wrong)
        assert len(refused.value.faults) >= 8
        assert "hunter" not in everything_shown(refused.value)

    def test_arguments_are_judged_alike(self) -> None:
        wrong = SECRET[:31]
        with pytest.raises(SettingsError) as refused:
            load_settings(Settings, env_file=None, secret_key=wrong, workers=0)
        assert set(refused.value.faults) == {"SECRET_KEY", "WORKERS"}
        assert wrong not in everything_shown(refused.value)

    def test_a_class_used_without_the_loader_shows_no_value_either(self) -> None:
        wrong = SECRET[:31]
        with pytest.raises(ValidationError) as refused:
            SecuritySettings(secret_key=SecretStr(wrong), algorithm="hunter2")  # type: ignore[arg-type]
        assert refused.value.error_count() == 2
        assert not any(value in everything_shown(refused.value) for value in (wrong, "'hunter2'"))

    def test_settings_show_no_secret_either(self, read: Read) -> None:
        settings = read(SECRET_KEY=SECRET, DATABASE_URL=f"postgresql://u:{SECRET}@h/d", FIRST_ADMIN_PASSWORD=SECRET)
        assert SECRET not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
