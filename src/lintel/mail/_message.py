"""Mails as they are written (RFC 5322)."""

from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from email_validator import EmailNotValidError, validate_email
from uuid_utils import uuid7

from lintel.mail._port import InvalidMail, Mail, written_address

UTF8 = SMTP.clone(utf8=True)
"""For addresses that ASCII cannot write (RFC 6532)."""


class Sender:
    """Who mails are from.

    Args:
        text: An address, with a name or without: `Lintel <noreply@example.com>`.

    Raises:
        InvalidMail: It is none.
    """

    def __init__(self, text: str) -> None:
        try:
            found = validate_email(text, check_deliverability=False, allow_display_name=True)
        except (EmailNotValidError, UnicodeError):
            raise InvalidMail("the sender is no address") from None
        self.address = written_address(found.normalized)
        self.domain = self.address.rpartition("@")[2]
        self._name = found.display_name or ""

    def message(self, mail: Mail) -> EmailMessage:
        """The mail with everything that belongs to one."""
        to = written_address(mail.to)
        message = EmailMessage(SMTP if f"{to}{mail.reply_to or ''}{self.address}".isascii() else UTF8)
        message["From"] = _header_address(self.address, self._name)
        message["To"] = _header_address(to)
        if mail.reply_to is not None:
            message["Reply-To"] = _header_address(written_address(mail.reply_to))
        message["Subject"] = mail.subject
        message["Date"] = datetime.now(UTC)
        message["Message-ID"] = f"<{mail.id or uuid7()}@{self.domain}>"
        # So that no holiday notice answers it (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        for name, value in mail.headers.items():
            message[name] = value
        message.set_content(mail.text)
        if mail.html is not None:
            message.add_alternative(mail.html, subtype="html")
        return message


def message_bytes(message: EmailMessage) -> bytes:
    """As it is sent and kept."""
    return message.as_bytes(policy=message.policy)


def _header_address(address: str, name: str = "") -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, username=local, domain=domain)
