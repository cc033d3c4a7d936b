"""Mails: what one is, who sends it, and what can go wrong."""

import re
import unicodedata
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from email_validator import EmailNotValidError, validate_email

MAX_SUBJECT = 200
MAX_BODY = 1_000_000
MAX_HEADER = 900
OURS = frozenset({"bcc", "cc", "date", "from", "message-id", "mime-version", "reply-to", "sender", "subject", "to"})
"""Headers that are made of the other fields."""
OURS_BY_PREFIX = ("content-", "received", "resent-", "return-", "dkim-", "arc-", "authentication-")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}", re.ASCII)


class InvalidMail(ValueError):
    """Not a mail that can be sent. Does not repeat what is wrong with it: it may come from outside."""


class MailDelayed(Exception):
    """It was not sent, and later it may be: the server was away, busy or in doubt. Say nothing more, try again."""


class MailRefused(Exception):
    """It was not sent, and never will be: the server does not know the recipient, or does not want the mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail to one person: who else gets one is nobody's business, and who does not is known for each.

    Attributes:
        to: The address alone, without a name.
        subject: One line of up to 200 characters.
        text: The mail, for every reader.
        html: The same, for those that show it.
        reply_to: Where answers go; None: to the sender.
        headers: Further ones, such as `List-Unsubscribe`.
        id: 8 to 64 letters, digits, `-` and `_`, the same whenever this mail is sent again: it becomes its
            `Message-ID`, by which a mail that arrived twice is known. None: one of its own each time.

    Raises:
        InvalidMail: A field is none of these, or would begin a header of its own.
    """

    to: str
    subject: str
    text: str
    html: str | None = None
    reply_to: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None

    def __post_init__(self) -> None:
        for address in (self.to, self.reply_to):
            if address is not None:
                written_address(address)
        _check_line(self.subject, MAX_SUBJECT, "the subject")
        if len(self.text) > MAX_BODY or len(self.html or "") > MAX_BODY:
            raise InvalidMail("the mail is too long")
        if self.id is not None and not _ID.fullmatch(self.id):
            raise InvalidMail("the id is none")
        for name, value in self.headers.items():
            if not _NAME.fullmatch(name) or name.lower() in OURS or name.lower().startswith(OURS_BY_PREFIX):
                raise InvalidMail("a header is none that can be set")
            _check_line(value, MAX_HEADER, "a header")


class Mailer(Protocol):
    """Sends mails."""

    async def send(self, mail: Mail) -> str:
        """Send a mail. Returns its `Message-ID`.

        Raises:
            MailDelayed: Not sent; the same mail may be sent later.
            MailRefused: Not sent; there is no use in trying again.
        """
        ...

    async def check(self) -> None:
        """Ask for an answer without sending anything; for health checks.

        Raises:
            MailDelayed: There is none.
        """
        ...

    def opened(self) -> AbstractAsyncContextManager[Any]:
        """Keep what is needed while the block runs."""
        ...


def written_address(address: str) -> str:
    """An address as mail servers write it: its domain in ASCII (`xn--…`), the whole of it where that is possible.

    Raises:
        InvalidMail: It is none.
    """
    try:
        found = validate_email(address, check_deliverability=False)
    except (EmailNotValidError, UnicodeError):
        raise InvalidMail("an address is none") from None
    return found.ascii_email or f"{found.local_part}@{found.ascii_domain}"


def _check_line(text: str, longest: int, what: str) -> None:
    is_one_line = not any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in text)
    if not is_one_line or len(text) > longest or not text.strip():
        raise InvalidMail(f"{what} is not one line of up to {longest} characters")
