import stat
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest
from structlog.typing import EventDict

from lintel.mail import FilesMailer, Mail, MailDelayed, Mailer, Sender
from lintel.testing.conformance import MailerConformance
from tests.lintel.mail.conftest import parsed

pytestmark = pytest.mark.anyio


def mails_in(folder: Path) -> list[EmailMessage]:
    return [parsed(path.read_bytes()) for path in sorted(folder.glob("*"))]


def modes_of(folder: Path) -> list[int]:
    return [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.glob("*"))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "mail"


@pytest.fixture
def mailer(sender: Sender, folder: Path) -> FilesMailer:
    return FilesMailer(sender, folder, kept=3)


class TestConformance(MailerConformance):
    @pytest.fixture
    def mailer(self, sender: Sender, folder: Path) -> Mailer:
        return FilesMailer(sender, folder)

    @pytest.fixture
    def delivered(self, folder: Path) -> Callable[[], list[EmailMessage]]:
        return lambda: mails_in(folder)


class TestFolder:
    async def test_nobody_else_can_read_it(self, mailer: Mailer, folder: Path) -> None:
        await mailer.send(Mail(to="a@example.com", subject="x", text="x"))
        assert modes_of(folder) == [0o700, 0o600]

    async def test_the_oldest_go(self, mailer: Mailer, folder: Path) -> None:
        for number in range(5):
            await mailer.send(Mail(to="a@example.com", subject=f"number {number}", text="x"))
        assert [message["Subject"] for message in mails_in(folder)] == ["number 2", "number 3", "number 4"]

    async def test_one_that_cannot_be_used_delays(
        self, sender: Sender, tmp_path: Path, log_records: list[EventDict]
    ) -> None:
        (tmp_path / "taken").write_text("a file")
        mailer = FilesMailer(sender, tmp_path / "taken" / "mail")
        with pytest.raises(MailDelayed):
            await mailer.send(Mail(to="a@example.com", subject="x", text="x"))
        with pytest.raises(MailDelayed):
            await mailer.check()
        assert str(tmp_path) not in str(log_records)
