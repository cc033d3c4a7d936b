from pathlib import Path
from typing import Any

import pytest
from structlog.typing import EventDict

from lintel.mail import ConsoleMailer, FilesMailer, InvalidMail, Sender, SmtpMailer, mailer_of
from lintel.settings import LintelSettings, SettingsError, load_settings

PRODUCTION = {"environment": "production", "allowed_hosts": ["words.example.com"]}


def settings(tmp_path: Path, **values: Any) -> LintelSettings:
    key = "abcdefghijklmnopqrstuvwxyz0123456789"
    return load_settings(LintelSettings, env_file=None, data_dir=tmp_path, secret_key=key, **values)


class TestMailer:
    def test_is_the_screen_in_development_and_files_elsewhere(self, tmp_path: Path) -> None:
        assert isinstance(mailer_of(settings(tmp_path)), ConsoleMailer)
        for environment in ({"environment": "test"}, PRODUCTION):
            mailer = mailer_of(settings(tmp_path, **environment))
            assert isinstance(mailer, FilesMailer)
            assert mailer._folder == tmp_path / "mail"

    @pytest.mark.anyio
    @pytest.mark.parametrize(
        ("values", "warned"),
        [({"environment": "test"}, 0), (PRODUCTION, 1), ({**PRODUCTION, "mail_url": "file:///srv/mail"}, 0)],
    )
    async def test_that_reaches_nobody_in_production_says_so_when_it_is_opened(
        self, tmp_path: Path, log_records: list[EventDict], values: dict[str, Any], warned: int
    ) -> None:
        async with mailer_of(settings(tmp_path, **values)).opened():
            assert [record["log_level"] for record in log_records] == ["warning"] * warned

    @pytest.mark.parametrize(
        ("url", "kind"),
        [
            ("console:", ConsoleMailer),
            ("file:///srv/my%20mail", FilesMailer),
            ("smtp://words:hunter2@mail.example.com", SmtpMailer),
            ("smtps://mail.example.com", SmtpMailer),
        ],
    )
    def test_is_what_is_named(self, tmp_path: Path, url: str, kind: type) -> None:
        assert isinstance(mailer_of(settings(tmp_path, mail_url=url)), kind)

    @pytest.mark.parametrize(
        "url", ["hunter2", "file://hunter2/x", "smtp:hunter2", "http://hunter2", "smtp://[hunter2"]
    )
    def test_anything_else_is_refused_and_not_shown(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(SettingsError, match="MAIL_URL must be") as refused:
            settings(tmp_path, mail_url=url)
        assert "hunter2" not in str(refused.value)

    def test_a_password_in_the_open_is_refused_and_not_shown(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="MAIL_URL must not send a password") as refused:
            mailer_of(settings(tmp_path, mail_url="smtp://words:hunter2@mail.example.com?tls=none"))
        assert "hunter2" not in str(refused.value)

    def test_the_screen_is_refused_in_production(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="MAIL_URL must not be console:"):
            settings(tmp_path, mail_url="console:", **PRODUCTION)

    def test_an_example_is_no_sender_in_production(self, tmp_path: Path) -> None:
        url = "smtp://mail.example.com"
        with pytest.raises(SettingsError, match="MAIL_FROM must be an address of yours"):
            mailer_of(settings(tmp_path, mail_url=url, **PRODUCTION))
        sender = {"mail_from": "Words <noreply@words.dev>"}
        assert isinstance(mailer_of(settings(tmp_path, mail_url=url, **sender, **PRODUCTION)), SmtpMailer)


class TestSender:
    @pytest.mark.parametrize("text", ["", "Words", "Words <noreply>", "a@example.com\nBcc: b@example.com"])
    def test_is_an_address(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(InvalidMail):
            Sender(text)
        with pytest.raises(SettingsError, match="MAIL_FROM must be an address"):
            settings(tmp_path, mail_from=text)
