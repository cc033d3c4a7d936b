import pytest

from lintel.mail import ConsoleMailer, Mail, Sender

pytestmark = pytest.mark.anyio


class TestSend:
    async def test_shows_the_whole_mail(self, sender: Sender, capsys: pytest.CaptureFixture[str]) -> None:
        mailer = ConsoleMailer(sender)
        async with mailer.opened():
            await mailer.check()
            sent = await mailer.send(Mail(to="ada@example.com", subject="Grüße", text="Your code is 123456\n"))
        assert sent.endswith("@words.example.com>")
        assert capsys.readouterr().out == (
            "---- mail\nFrom: Words <noreply@words.example.com>\nTo: ada@example.com\nSubject: Grüße\n\n"
            "Your code is 123456\n----\n"
        )
