"""Mails on the screen of a developer."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from lintel.mail._message import Sender
from lintel.mail._port import Mail


class ConsoleMailer:
    """Writes each mail out in full, links and codes included: for a developer's machine and nothing else.

    Args:
        sender: Who mails are from.
        write: Where to; standard output unless told otherwise.
    """

    def __init__(self, sender: Sender, *, write: Callable[[str], object] | None = None) -> None:
        self._sender = sender
        self._write = write

    async def send(self, mail: Mail) -> str:
        """See `Mailer.send`; never fails."""
        message = self._sender.message(mail)
        head = "\n".join(f"{name}: {value}" for name, value in message.items() if name in {"From", "To", "Subject"})
        write = self._write or sys.stdout.write  # looked up late: it may have been redirected
        write(f"---- mail\n{head}\n\n{mail.text.rstrip()}\n----\n")
        return str(message["Message-ID"])

    async def check(self) -> None:
        """Always well."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Nothing to open."""
        yield
