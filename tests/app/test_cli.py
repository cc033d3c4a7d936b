"""`python -m app`: the service from the command line."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

import app.__main__ as program
from app.core.config import Settings, get_settings
from lintel.settings import example_env_file
from lintel.testing._process import free_port
from tests.conftest import ROOT

PASSWORD = "Lovelace1815"
KEY = "9f8KQmZ0s7RkTq3vWn5xYb2cLd4eHg6jUa1oPi"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "lintel.dev",
    "EMAIL_VERIFICATION": "optional",
}
COMMANDS = ["serve", "migrate", "create-admin", "settings", "openapi"]

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command in a working directory of its own; its settings are read anew each time."""
    logging_before = structlog.get_config()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))

    def invoke(*arguments: str, **environment: str) -> Result:
        get_settings.cache_clear()
        return CliRunner().invoke(program.cli, arguments, env=environment)

    yield invoke
    get_settings.cache_clear()
    structlog.configure(**logging_before)


@pytest.fixture
def migrated(run: Run) -> Run:
    assert run("migrate").exit_code == 0
    return run


def password_in(text: str) -> str:
    found = re.search(r"password (\S+) \(shown only now\)", text)
    assert found, text
    return found[1]


def one_line(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


class TestHelp:
    def test_tells_every_command_in_a_sentence(self, run: Run) -> None:
        shown = run("--help")
        assert shown.exit_code == 0
        assert "Settings come from the environment and from .env." in one_line(shown.output)
        sentences = {
            command: re.search(rf" {command} +([A-Z]\w+ [^.]+\.)", one_line(shown.output)) for command in COMMANDS
        }
        assert all(sentences.values()), sentences

    @pytest.mark.parametrize("command", COMMANDS)
    def test_explains_each(self, run: Run, command: str) -> None:
        shown = run(command, "--help")
        assert (shown.exit_code, "Usage" in shown.output, "Traceback" in shown.output) == (0, True, False)

    def test_is_shown_for_the_short_option_too_and_tells_the_exit_codes(self, run: Run) -> None:
        assert "Ends with 2 when the settings cannot be used" in one_line(run("-h").output)
        assert run("serve", "-h").exit_code == 0

    def test_is_shown_where_no_command_is_given(self, run: Run) -> None:
        assert "create-admin" in run().output

    def test_works_as_a_module(self, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "app", "--help"]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
        assert "create-admin" in shown.stdout


class TestSettings:
    def test_are_all_shown_with_where_they_come_from(self, run: Run) -> None:
        shown = run("settings", APP_NAME="Shop", COLUMNS="200")
        rows = [line.split("│") for line in shown.output.splitlines() if "APP_NAME" in line]
        assert [cell.strip() for cell in rows[0][1:5]] == ["APP_NAME", "Shop", "environment", "Lintel"]
        for name in type(get_settings()).model_fields:
            assert name.upper() in shown.output

    def test_are_masked_where_they_are_secret(self, run: Run) -> None:
        secrets = {
            "SECRET_KEY": KEY,
            "DATABASE_URL": "postgresql://u:hidden-word@db/x",
            "FIRST_ADMIN_PASSWORD": PASSWORD,
            "REDIS_URL": "redis://:hidden-word@cache/0",
        }
        shown = run("settings", **secrets)
        assert shown.output.count("********") >= len(secrets)
        assert not any(secret in shown.output for secret in (KEY, "hidden-word", PASSWORD))

    def test_read_the_file_of_local_settings(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("APP_NAME=Filed\n")
        assert re.search(r"APP_NAME\s+│\s+Filed\s+│\s+\.env", run("settings").output)

    def test_can_be_checked(self, run: Run) -> None:
        good = run("settings", "--check", **PRODUCTION)
        assert (good.exit_code, good.output) == (
            0,
            "The settings are fit to start with (ENVIRONMENT=production).\n",
        )

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("MAIL_URL", "smtp://mail.test?tls=perhaps"),
            ("STORAGE_URL", "s3://files?regoin=x"),
            ("FLAGS_PROVIDER", "no:one"),
        ],
    )
    def test_are_put_together_when_they_are_checked(self, run: Run, name: str, value: str) -> None:
        bad = run("settings", "--check", **{name: value})
        assert (bad.exit_code, bad.stdout) == (2, "")
        assert name in bad.stderr
        assert "Traceback" not in bad.stderr

    def test_are_written_as_an_example_even_where_they_are_faulty(self, run: Run) -> None:
        shown = run("settings", "--example", PORT="http")
        assert (shown.exit_code, shown.output) == (0, example_env_file(Settings))

    def test_that_are_misspelt_are_told_in_one_line(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("DATABSE_URL=postgresql://u:hidden-word@db/x\n")
        shown = run("settings", "--check")
        assert shown.exit_code == 0
        assert shown.stderr == "DATABSE_URL in .env is no setting and has no effect: is DATABASE_URL meant?\n"

    @pytest.mark.parametrize("command", [["settings", "--check"], ["settings"], ["migrate"], ["openapi"], ["serve"]])
    def test_that_are_faulty_are_all_named_and_never_shown(self, run: Run, command: list[str]) -> None:
        bad = run(*command, ENVIRONMENT="production", SECRET_KEY="changeme" * 5, DATABASE_POOL_SIZE="many")
        assert bad.exit_code == 2
        assert all(name in bad.stderr for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_POOL_SIZE"))
        assert ("changeme" in bad.output, "Traceback" in bad.output, bad.stdout) == (False, False, "")


class TestMigrate:
    def test_makes_the_database(self, run: Run, tmp_path: Path) -> None:
        done = run("migrate")
        assert (done.exit_code, done.output) == (0, "The database is at head.\n")
        assert (tmp_path / "data" / "lintel.db").is_file()

    def test_can_be_repeated_and_goes_where_it_is_told(self, migrated: Run) -> None:
        assert migrated("migrate").exit_code == 0
        assert migrated("migrate", "0001").output == "The database is at 0001.\n"

    def test_says_so_when_the_database_does_not_answer(self, run: Run) -> None:
        bad = run("migrate", DATABASE_URL=f"postgresql://u:hidden-word@127.0.0.1:{free_port()}/x")
        assert (bad.exit_code, bad.stderr.startswith("This did not work: ")) == (1, True)
        assert ("Traceback" in bad.output, "hidden-word" in bad.output) == (False, False)

    def test_says_so_when_there_is_no_such_revision(self, run: Run) -> None:
        bad = run("migrate", "nowhere")
        assert (bad.exit_code, "nowhere" in bad.stderr) == (1, True)
        assert isinstance(bad.exception, SystemExit)


class TestCreateAdmin:
    def test_uses_the_password_that_is_given_and_does_not_show_it(self, migrated: Run) -> None:
        done = migrated("create-admin", FIRST_ADMIN_PASSWORD=PASSWORD, FIRST_ADMIN_EMAIL="Root@Example.com")
        assert (done.exit_code, PASSWORD in done.output) == (0, False)
        assert "Administrator root@example.com, with the password from FIRST_ADMIN_PASSWORD." in done.output

    def test_makes_a_password_up_and_shows_it_once(self, migrated: Run) -> None:
        done = migrated("create-admin")
        password = password_in(done.output)
        assert done.output.count(password) == 1
        assert len(password) >= 16
        assert all(any(map(is_member, password)) for is_member in (str.isupper, str.islower, str.isdigit))

    def test_makes_a_different_password_up_each_time(self, migrated: Run) -> None:
        passwords = {password_in(migrated("create-admin", "--reset").output) for _ in range(3)}
        assert len(passwords) == 3

    def test_does_nothing_where_there_is_an_administrator(self, migrated: Run) -> None:
        migrated("create-admin")
        again = migrated("create-admin", FIRST_ADMIN_EMAIL="other@example.com")
        assert again.exit_code == 0
        assert "There is an administrator already; nothing was changed" in again.output
        assert "create-admin --reset" in again.output

    def test_refuses_a_password_made_of_the_address(self, migrated: Run) -> None:
        done = migrated("create-admin", FIRST_ADMIN_PASSWORD=PASSWORD, FIRST_ADMIN_EMAIL="lovelace@example.com")
        assert done.exit_code == 1
        assert "/body/password: is made of your name" in done.output
        assert PASSWORD not in done.output

    @pytest.mark.parametrize("environment", [{}, {"FIRST_ADMIN_PASSWORD": PASSWORD}])
    def test_resets_a_lost_password(self, migrated: Run, environment: dict[str, str]) -> None:
        migrated("create-admin")
        done = migrated("create-admin", "--reset", **environment)
        assert done.exit_code == 0
        assert "Administrator admin@example.com" in done.output

    def test_says_so_when_the_database_was_not_migrated(self, run: Run) -> None:
        bad = run("create-admin")
        assert (bad.exit_code, "migrate" in bad.stderr) == (1, True)
        assert isinstance(bad.exception, SystemExit)


class TestOpenapi:
    def test_prints_the_document(self, run: Run) -> None:
        document = json.loads(run("openapi").stdout)
        assert (document["openapi"][:2], document["info"]["title"]) == ("3.", "Lintel")
        assert "/api/v1/analyses" in document["paths"]

    def test_prints_it_where_it_is_not_served(self, run: Run) -> None:
        shown = run("openapi", **PRODUCTION)
        assert "/api/v1/users" in json.loads(shown.stdout)["paths"]


class TestServe:
    @pytest.fixture
    def served(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
        """What the server would be started with; real processes are started in tests/process."""
        calls: list[dict[str, Any]] = []

        def serve(name: str, settings: object, **options: Any) -> None:
            calls.append({"name": name, **options})

        monkeypatch.setattr(program, "serve", serve)
        return calls

    def test_serves_the_application(self, run: Run, served: list[dict[str, Any]]) -> None:
        assert run("serve", ENVIRONMENT="test", SECRET_KEY=KEY).exit_code == 0
        assert served == [{"name": "app.main:serving_app", "reload_dirs": None, "on_started": None}]

    def test_prepares_first_where_it_is_told(self, run: Run, served: list[dict[str, Any]], tmp_path: Path) -> None:
        first, second = run("serve", "--prepare"), run("serve", "--prepare")
        assert password_in(first.output)
        assert "There is an administrator already" in second.output
        assert (len(served), (tmp_path / "data" / "lintel.db").is_file()) == (2, True)

    def test_watches_the_sources_where_it_is_told(self, run: Run, served: list[dict[str, Any]]) -> None:
        run("serve", "--reload")
        assert served[0]["reload_dirs"] == [str(ROOT / "app"), str(ROOT / "src")]

    def test_welcomes_developers_with_requests_that_work(
        self, run: Run, served: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        run("serve")
        served[0]["on_started"]("http://127.0.0.1:8123")
        welcome = capsys.readouterr().out
        assert "Open http://127.0.0.1:8123/docs" in welcome
        for body in re.findall(r"-d '(\{.*\})'", welcome):
            assert isinstance(json.loads(body), dict)
        assert welcome.count("curl") == 3
