"""The file of an SQLite database, which somebody can take away while it is open."""

from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

IDENTITY = "lintel.file"

_log = structlog.get_logger("lintel.db")


def watch_file(engine: AsyncEngine, url: URL) -> None:
    """Refuse to work on a file that is no longer there.

    A removed file lives on for who has it open, and what is written to it is gone with the process; who opens it again
    makes an empty one. So nothing is read or written until it is back, and then it is opened anew. Costs two
    microseconds for each use of a connection.
    """
    file = _File(Path(str(url.database)))
    event.listen(engine.sync_engine, "do_connect", file.before_connect)
    event.listen(engine.sync_engine, "connect", file.on_connect)
    event.listen(engine.sync_engine, "checkout", file.on_checkout)


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._was_there = False
        self._is_gone = False

    def before_connect(self, *_: Any) -> None:
        """The first connection may make the file; no other one may."""
        if self._was_there:
            self._present()

    def on_connect(self, _: Any, record: ConnectionPoolEntry) -> None:
        """Remember which file it is."""
        self._was_there = True
        record.info[IDENTITY] = self._present()

    def on_checkout(self, _: Any, record: ConnectionPoolEntry, __: Any) -> None:
        """Have a connection replaced whose file was."""
        if self._present() != record.info[IDENTITY]:
            raise DisconnectionError

    def _present(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError as error:
            if not self._is_gone:
                self._is_gone = True
                _log.error("the database is not there: nothing is read or written", reason=error.strerror)
            raise
        if self._is_gone:
            self._is_gone = False
            _log.warning("the database is there again")
        return found.st_dev, found.st_ino
