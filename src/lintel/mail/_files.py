"""Mails in a folder."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import structlog
from anyio import to_thread
from uuid_utils import uuid7

from lintel.mail._message import Sender, message_bytes
from lintel.mail._port import Mail, MailDelayed

KEPT = 1_000
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC

_log = structlog.get_logger("lintel.mail")


class FilesMailer:
    """Keeps each mail as a file that mail programs open, readable by this user alone; the oldest go.

    Args:
        sender: Who mails are from.
        folder: Where; made when first needed.
        kept: How many.
        reach_nobody: Nobody asked for files, and the mails were meant for people: said once, when it is opened.
    """

    def __init__(self, sender: Sender, folder: Path, *, kept: int = KEPT, reach_nobody: bool = False) -> None:
        self._sender = sender
        self._folder = folder
        self._kept = kept
        self._reach_nobody = reach_nobody

    async def send(self, mail: Mail) -> str:
        """See `Mailer.send`."""
        message = self._sender.message(mail)
        try:
            await to_thread.run_sync(self._keep, message_bytes(message))
        except OSError as error:
            _log.error("mail not kept", reason=error.strerror)
            raise MailDelayed from None
        return str(message["Message-ID"])

    async def check(self) -> None:
        """Whether there is a folder that can be written to."""
        try:
            await to_thread.run_sync(self._make)
        except OSError:
            raise MailDelayed from None
        if not os.access(self._folder, os.W_OK):
            raise MailDelayed

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Nothing to open."""
        if self._reach_nobody:
            _log.warning("mails reach nobody and are kept as files: there is no MAIL_URL", folder=str(self._folder))
        yield

    def _make(self) -> None:
        self._folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)

    def _keep(self, content: bytes) -> None:
        self._make()
        name = f"{uuid7()}.eml"  # in the order of time
        draft = self._folder / f".{name}"
        try:
            with os.fdopen(os.open(draft, FLAGS, PRIVATE_FILE), "wb") as file:
                file.write(content)
            draft.rename(self._folder / name)
        finally:
            draft.unlink(missing_ok=True)
        for old in sorted(self._folder.glob("[!.]*.eml"))[: -self._kept]:
            with suppress(FileNotFoundError):  # another process was quicker
                old.unlink()
