import asyncio
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from cryptography import x509

from lintel.mail import Sender
from tests.certificates import self_signed

USER, PASSWORD = "words", "hunter2"


@pytest.fixture
def sender() -> Sender:
    return Sender("Words <noreply@words.example.com>")


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


class Mailbox:
    """What a server took."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its word
        assert isinstance(envelope.content, bytes)
        self.messages.append(parsed(envelope.content))
        self.recipients += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


ServeSmtp = Callable[..., Any]


@pytest.fixture
def serve_smtp(mailbox: Mailbox) -> ServeSmtp:
    """Runs a real mail server on a free port of the loop; says which port."""

    @asynccontextmanager
    async def serve(*, ssl_context: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
        connections: list[SMTP] = []

        def connection() -> SMTP:
            connections.append(SMTP(mailbox, hostname="localhost", ident="tests", enable_SMTPUTF8=True, **options))
            return connections[-1]

        server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, ssl=ssl_context)
        async with server:
            yield server.sockets[0].getsockname()[1]
            for one in connections:
                if isinstance(one.transport, asyncio.Transport):
                    one.transport.abort()
            await asyncio.sleep(0)  # the loop closes them

    return serve


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1, signed by nobody but itself."""
    return self_signed(tmp_path_factory.mktemp("tls") / "server.pem", x509.IPAddress(ip_address("127.0.0.1")))


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trusting(certificate: Path) -> ssl.SSLContext:
    """A client's context that knows the certificate."""
    return ssl.create_default_context(cafile=certificate)
