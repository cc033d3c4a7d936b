"""Mails through a server. Needs the extra `mail`."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit

import structlog
from pydantic import SecretStr

from lintel.mail._message import Sender
from lintel.mail._port import Mail, MailDelayed, MailRefused

if TYPE_CHECKING:
    from aiosmtplib import SMTP

AT_ONCE = 4
"""Connections of one process; a mail server refuses those who open many."""
GOODBYE_SECONDS = 1.0
"""The mail is there already; nobody waits for manners."""
PORTS = {"tls": 465, "starttls": 587, "none": 25}
PERMANENT = 500
"""From here on a server means never, below it means not now (RFC 5321, 4.2.1)."""

_log = structlog.get_logger("lintel.mail")

Tls = Literal["tls", "starttls", "none"]


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server.

    Attributes:
        host: Its name, which its certificate must have.
        port: Where it listens.
        tls: From the first byte on, after a plain greeting, or not at all.
        user: Who we are there; None where nobody asks.
        password: Of that user.
    """

    host: str
    port: int
    tls: Tls = "starttls"
    user: str | None = None
    password: SecretStr | None = None

    @classmethod
    def of(cls, url: str) -> Self:
        """The server that `smtp://user:password@host:587?tls=starttls` means; `smtps://` for TLS from the start.

        Raises:
            ValueError: It means none, or would send a password that everybody on the way can read. The text repeats
                nothing of it.
        """
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        tls = query.pop("tls", ["tls" if parts.scheme == "smtps" else "starttls"])
        is_known = parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.path in {"", "/"}
        if not is_known or query or len(tls) != 1 or tls[0] not in PORTS or parts.fragment:
            raise ValueError("must be smtp://user:password@host:port?tls=starttls (or tls, none), percent-encoded")
        kind: Tls = tls[0]  # type: ignore[assignment]  # one of PORTS
        host = parts.hostname or ""
        if parts.password and kind == "none" and not _is_loopback(host):
            raise ValueError("must not send a password without TLS")
        user = unquote(parts.username) if parts.username else None
        password = SecretStr(unquote(parts.password)) if parts.password else None
        return cls(host, parts.port or PORTS[kind], kind, user, password)


class SmtpMailer:
    """Hands mails to a server, each over a connection of its own.

    Args:
        sender: Who mails are from.
        server: Who takes them.
        timeout: Seconds that a mail may take, connecting included.
        tls_context: Whom to trust; the authorities of this system unless told otherwise.

    Raises:
        ImportError: The extra is not installed.
    """

    def __init__(
        self,
        sender: Sender,
        server: SmtpServer,
        *,
        timeout: float = 30.0,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        import aiosmtplib  # noqa: PLC0415 - an optional extra

        self._smtp = aiosmtplib
        self._sender = sender
        self._server = server
        self._timeout = timeout
        self._tls_context = tls_context or ssl.create_default_context()
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def send(self, mail: Mail) -> str:
        """See `Mailer.send`. The log knows mails by their `Message-ID`, and no address."""
        message = self._sender.message(mail)
        message_id = str(message["Message-ID"])
        try:
            async with self._turns, asyncio.timeout(self._timeout), self._connected() as client:
                await self._hand_over(client, message)
        except TimeoutError:
            _log.warning("mail delayed", message_id=message_id, reason="timeout")
            raise MailDelayed from None
        except (MailDelayed, MailRefused) as failed:
            word = "mail delayed" if isinstance(failed, MailDelayed) else "mail refused"
            _log.warning(word, message_id=message_id, reason=str(failed))
            raise
        _log.info("mail sent", message_id=message_id)
        return message_id

    async def check(self) -> None:
        """Connect, and sign in where that is asked for."""
        try:
            async with asyncio.timeout(self._timeout), self._connected() as client:
                await client.noop()
        except (TimeoutError, self._smtp.SMTPException, OSError):
            raise MailDelayed from None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Nothing to open."""
        yield

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator["SMTP"]:
        """A connection that is signed in. What fails before a mail was offered says nothing about the mail."""
        server = self._server
        client = self._smtp.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password.get_secret_value() if server.password else None,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            tls_context=None if server.tls == "none" else self._tls_context,
            timeout=self._timeout,
        )
        try:
            try:
                await client.connect()
            except (self._smtp.SMTPException, OSError, ValueError) as error:
                raise MailDelayed(_reason(error)) from None
            yield client
            with suppress(self._smtp.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=GOODBYE_SECONDS)
        finally:
            client.close()

    async def _hand_over(self, client: "SMTP", message: EmailMessage) -> None:
        try:
            await client.send_message(message)
        except self._smtp.SMTPRecipientsRefused as refused:
            raise _failure(refused.recipients[0]) from None
        except (self._smtp.SMTPException, OSError) as error:
            raise _failure(error) from None


def _failure(error: Exception) -> MailDelayed | MailRefused:
    code = getattr(error, "code", None)
    is_permanent = type(error).__name__ == "SMTPNotSupported" or (isinstance(code, int) and code >= PERMANENT)
    return MailRefused(_reason(error)) if is_permanent else MailDelayed(_reason(error))


def _reason(error: Exception) -> str:
    """The kind and the code; what servers write besides may name people."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if isinstance(code, int) else type(error).__name__


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
