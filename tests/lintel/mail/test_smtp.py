import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.typing import EventDict

from lintel.mail import Mail, MailDelayed, MailRefused, Sender, SmtpMailer, SmtpServer
from lintel.testing.conformance import MailerConformance
from tests.lintel.mail.conftest import PASSWORD, USER, Mailbox, ServeSmtp, authenticate

pytestmark = pytest.mark.anyio

MAIL = Mail(to="ada@example.com", subject="Welcome", text="Your code is 123456", id="019aa2c4-5d8e")


class TestConformance(MailerConformance):
    @pytest.fixture(params=["none", "starttls", "tls"])
    async def mailer(
        self,
        request: pytest.FixtureRequest,
        sender: Sender,
        serve_smtp: ServeSmtp,
        server_tls: ssl.SSLContext,
        trusting: ssl.SSLContext,
    ) -> AsyncIterator[SmtpMailer]:
        kinds: dict[str, dict[str, Any]] = {
            "none": {},
            "starttls": {"tls_context": server_tls, "require_starttls": True, "auth_required": True},
            "tls": {"ssl_context": server_tls},
        }
        async with serve_smtp(authenticator=authenticate, **kinds[request.param]) as port:
            server = SmtpServer("127.0.0.1", port, request.param)
            if request.param == "starttls":
                server = replace(server, user=USER, password=SecretStr(PASSWORD))
            yield SmtpMailer(sender, server, tls_context=trusting)

    @pytest.fixture
    def delivered(self, mailbox: Mailbox) -> Callable[[], list[EmailMessage]]:
        return lambda: mailbox.messages


class TestAddresses:
    async def test_letters_of_any_script_reach_a_server_that_knows_them(
        self, sender: Sender, serve_smtp: ServeSmtp, mailbox: Mailbox
    ) -> None:
        async with serve_smtp() as port:
            await SmtpMailer(sender, SmtpServer("127.0.0.1", port, "none")).send(
                Mail(to="jörg@bücher.example", subject="Grüße", text="x")
            )
        assert mailbox.recipients == ["jörg@xn--bcher-kva.example"]


class TestTrust:
    @pytest.mark.parametrize("tls", ["starttls", "tls"])
    async def test_a_certificate_that_nobody_knows_is_not_spoken_to(
        self, sender: Sender, serve_smtp: ServeSmtp, server_tls: ssl.SSLContext, mailbox: Mailbox, tls: Any
    ) -> None:
        options: dict[str, Any] = {"tls_context": server_tls} if tls == "starttls" else {"ssl_context": server_tls}
        async with serve_smtp(**options) as port:
            with pytest.raises(MailDelayed):
                await SmtpMailer(sender, SmtpServer("127.0.0.1", port, tls)).send(MAIL)
        assert mailbox.messages == []

    async def test_a_server_without_tls_gets_nothing_where_tls_is_asked_for(
        self, sender: Sender, serve_smtp: ServeSmtp, mailbox: Mailbox
    ) -> None:
        async with serve_smtp() as port:
            with pytest.raises(MailDelayed):
                await SmtpMailer(sender, SmtpServer("127.0.0.1", port, "starttls")).send(MAIL)
        assert mailbox.messages == []

    async def test_a_wrong_password_is_ours_to_mend_and_not_the_mails_fault(
        self, sender: Sender, serve_smtp: ServeSmtp, server_tls: ssl.SSLContext, trusting: ssl.SSLContext
    ) -> None:
        async with serve_smtp(tls_context=server_tls, authenticator=authenticate, auth_required=True) as port:
            server = SmtpServer("127.0.0.1", port, "starttls", USER, SecretStr("wrong"))
            mailer = SmtpMailer(sender, server, tls_context=trusting)
            with pytest.raises(MailDelayed, match="SMTPAuthenticationError 535"):
                await mailer.send(MAIL)
            with pytest.raises(MailDelayed):
                await mailer.check()


@asynccontextmanager
async def scripted(answers: dict[str, str | None]) -> AsyncIterator[int]:
    """A server that answers commands as told; None hangs, an empty answer hangs up. `.` is the end of a mail."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        usual = {"": "220 hi", "EHLO": "250 hi", "DATA": "354 go on"}
        command = ""
        try:
            while True:
                answer = answers.get(command, usual.get(command, "250 ok"))
                if answer is None:
                    await asyncio.Event().wait()
                if not answer:
                    return
                writer.write(f"{answer}\r\n".encode())
                await writer.drain()
                line = await (reader.readuntil(b"\r\n.\r\n") if answer.startswith("354") else reader.readline())
                if not line:
                    return
                command = "." if answer.startswith("354") else line.decode().split()[0].upper()
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


class TestFailures:
    @pytest.mark.parametrize(
        ("answers", "kind"),
        [
            ({"RCPT": "550 no such user ada@example.com"}, MailRefused),
            ({"RCPT": "450 mailbox busy"}, MailDelayed),
            ({"MAIL": "553 not you"}, MailRefused),
            ({"MAIL": "452 no room"}, MailDelayed),
            ({"DATA": "554 no"}, MailRefused),
            ({".": "554 spam"}, MailRefused),
            ({".": "451 try later"}, MailDelayed),
            ({"": "421 too many"}, MailDelayed),
            ({"": "554 go away"}, MailDelayed),
            ({"EHLO": "", "HELO": ""}, MailDelayed),
            ({"DATA": ""}, MailDelayed),
            ({".": ""}, MailDelayed),
            ({"": None}, MailDelayed),
            ({"DATA": None}, MailDelayed),
            ({".": None}, MailDelayed),
        ],
    )
    async def test_only_what_a_server_said_for_ever_is_for_ever(
        self, sender: Sender, log_records: list[EventDict], answers: dict[str, str | None], kind: type[Exception]
    ) -> None:
        started = time.monotonic()
        async with scripted(answers) as port:
            mailer = SmtpMailer(sender, SmtpServer("127.0.0.1", port, "none"), timeout=0.5)
            with pytest.raises(kind) as failed:
                await mailer.send(MAIL)
        assert time.monotonic() - started < 5
        assert failed.value.__cause__ is None
        [record] = [record for record in log_records if record["event"].startswith("mail")]
        assert record["message_id"] == "<019aa2c4-5d8e@words.example.com>"
        assert "ada@example.com" not in f"{record}{failed.value}"

    async def test_letters_that_a_server_does_not_know_are_for_ever(self, sender: Sender) -> None:
        async with scripted({}) as port:
            with pytest.raises(MailRefused):
                await SmtpMailer(sender, SmtpServer("127.0.0.1", port, "none")).send(
                    Mail(to="jörg@example.com", subject="x", text="x")
                )

    async def test_nobody_there_is_delayed(self, sender: Sender) -> None:
        mailer = SmtpMailer(sender, SmtpServer("127.0.0.1", 1, "none"), timeout=2)
        with pytest.raises(MailDelayed):
            await mailer.send(MAIL)
        with pytest.raises(MailDelayed):
            await mailer.check()

    async def test_few_connections_are_open_at_once(
        self, sender: Sender, serve_smtp: ServeSmtp, mailbox: Mailbox
    ) -> None:
        async with serve_smtp() as port:
            mailer = SmtpMailer(sender, SmtpServer("127.0.0.1", port, "none"))
            await asyncio.gather(*(mailer.send(Mail(to="a@example.com", subject="x", text="x")) for _ in range(20)))
        assert len(mailbox.messages) == 20


class TestServer:
    def test_is_read_from_its_address(self) -> None:
        server = SmtpServer.of("smtp://ada%40example.com:p%2Fw@mail.example.com:2525")
        assert server == SmtpServer("mail.example.com", 2525, "starttls", "ada@example.com", SecretStr("p/w"))

    @pytest.mark.parametrize(
        ("url", "port", "tls"),
        [
            ("smtp://h", 587, "starttls"),
            ("smtp://h?tls=none", 25, "none"),
            ("smtps://h/", 465, "tls"),
            ("smtp://h?tls=tls", 465, "tls"),
            ("smtp://a:b@127.0.0.1?tls=none", 25, "none"),
        ],
    )
    def test_has_the_usual_ports(self, url: str, port: int, tls: str) -> None:
        server = SmtpServer.of(url)
        assert (server.port, server.tls) == (port, tls)

    @pytest.mark.parametrize(
        "url",
        [
            "http://hunter2",
            "smtp://",
            "smtp://a:hunter2@host?tls=none",
            "smtp://a:hunter2@host?tls=maybe",
            "smtp://host/hunter2",
            "smtp://host?verify=hunter2",
            "smtp://host:hunter2",
        ],
    )
    def test_anything_else_is_refused_and_not_shown(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"must|[Pp]ort") as refused:
            SmtpServer.of(url)
        assert "a:hunter2" not in str(refused.value)
