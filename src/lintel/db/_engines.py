"""Engines for the two databases, one that writes and one that reads."""

import math
import time
from collections.abc import Callable, Mapping
from sqlite3 import SQLITE_BUSY, OperationalError
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_only

from lintel.db._file import watch_file
from lintel.db._urls import make_folder, reader_url, writer_url
from lintel.settings import DatabaseSettings

DEADLINE = "lintel.deadline"
LAST_USED = "lintel.last_used"
MAX_REST_SECONDS = 1.0
"""Under load a connection is never idle for that long."""
PING_SECONDS = 2.0
WAL_PAUSES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Seconds; only ever needed while a database is made."""
AUTOCOMMIT: Mapping[str, Any] = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
"""No transaction, hence nothing to roll back when the connection is given back."""
MIGRATION_SECONDS = 3_600.0
MAX_WAIT_SECONDS = 30.0
"""For the lock of an SQLite file, also in a migration."""
EXPRESS_SIZE = 3
PLANNER = {"enable_bitmapscan": "off", "enable_sort": "off", "plan_cache_mode": "force_generic_plan"}
"""Prefer the index that has the order; plan a statement once."""
VM_STEPS = 20_000
"""SQLite's virtual machine asks for the deadline this often: well under a millisecond of work."""


def create_writer(settings: DatabaseSettings) -> AsyncEngine:
    """The engine of units of work.

    On SQLite one connection, so that writers queue here and not at the file lock; its transactions begin with
    BEGIN IMMEDIATE, because a deferred one cannot become a writer once another has written.
    """
    url = writer_url(settings)
    if url.get_backend_name() != "sqlite":
        return _postgres(url, settings)
    make_folder(url)
    engine = _sqlite(url, settings, pool_size=1, max_overflow=0)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def create_migrator(settings: DatabaseSettings) -> AsyncEngine:
    """The engine of migrations: a writer whose statements may take an hour, as building an index can."""
    return create_writer(settings.model_copy(update={"database_statement_timeout": MIGRATION_SECONDS}))


def create_reader(settings: DatabaseSettings) -> AsyncEngine:
    """The engine of reads: no transaction around a single statement, and no way to write on SQLite."""
    url = reader_url(settings)
    if url.get_backend_name() != "sqlite":
        return _postgres(url, settings, **AUTOCOMMIT)
    make_folder(url)
    engine = _sqlite(url, settings, pool_size=settings.database_pool_size, max_overflow=0, **AUTOCOMMIT)
    event.listen(engine.sync_engine, "connect", _refuse_writes)
    return engine


def create_current(settings: DatabaseSettings, reader: AsyncEngine) -> AsyncEngine:
    """The engine of reads that must see every commit: the reader, unless that is a replica."""
    if settings.database_reader_url is None:
        return reader
    return create_reader(settings.model_copy(update={"database_reader_url": None}))


def create_express(settings: DatabaseSettings) -> AsyncEngine | None:
    """The engine of single statements on a few rows, found by an index; on SQLite the writer does that.

    It has few connections, and nobody else has them: what must not wait does not. A table whose rows come and go
    outruns the statistics about it, and PostgreSQL would sort all that waits to find the first; hence no such plans.
    """
    url = writer_url(settings)
    if url.get_backend_name() == "sqlite":
        return None
    few = settings.model_copy(update={"database_pool_size": EXPRESS_SIZE, "database_max_overflow": 0})
    return _postgres(url, few, planner=PLANNER, **AUTOCOMMIT)


def _postgres(
    url: URL, settings: DatabaseSettings, *, planner: Mapping[str, str] | None = None, **options: Any
) -> AsyncEngine:
    milliseconds = str(int(settings.database_statement_timeout * 1_000))
    engine = create_async_engine(
        url,
        **_common(settings),
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_max_overflow,
        pool_recycle=settings.database_pool_recycle,
        connect_args={
            "timeout": settings.database_connect_timeout,
            # The server ends a statement by itself; this is for a server that no longer answers at all.
            "command_timeout": settings.database_statement_timeout + 2,
            "server_settings": {
                "statement_timeout": milliseconds,
                "lock_timeout": milliseconds,
                "idle_in_transaction_session_timeout": str(int(milliseconds) * 6),
                "timezone": "UTC",
                **(planner or {}),
            },
        },
        **options,
    )
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", _refuse_lost)
    return engine


def _note_use(_: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
    record.info[LAST_USED] = time.monotonic()


def _refuse_lost(connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
    """Have a connection replaced that the server has closed, or that does not answer.

    The driver is told when the server closes one, so asking costs nothing. Only a network that swallows everything
    goes unnoticed; hence a question to the server (what `pool_pre_ping` does each time), but after a rest only.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError
    if time.monotonic() - record.info.get(LAST_USED, math.inf) > MAX_REST_SECONDS:
        try:
            _ping(connection)
        except Exception as error:  # whatever it is, this connection is no good
            raise InvalidatePoolError from error


def _ping(connection: Any) -> None:
    # The adapter's own ping waits as long as a statement may take.
    await_only(connection.driver_connection.fetchrow(";", timeout=PING_SECONDS))


def _sqlite(url: URL, settings: DatabaseSettings, **options: Any) -> AsyncEngine:
    engine = create_async_engine(url, **_common(settings), poolclass=AsyncAdaptedQueuePool, **options)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite(settings))
    event.listen(engine.sync_engine, "before_cursor_execute", _restart_deadline)
    watch_file(engine, url)
    return engine


def _common(settings: DatabaseSettings) -> dict[str, Any]:
    return {
        "echo": settings.debug,
        "hide_parameters": not settings.debug,
        "pool_timeout": settings.database_pool_timeout,
    }


def _prepare_sqlite(settings: DatabaseSettings) -> Callable[[DBAPIConnection, ConnectionPoolEntry], None]:
    busy_ms = int(min(settings.database_statement_timeout, MAX_WAIT_SECONDS) * 1_000)
    pragmas = (
        f"busy_timeout={busy_ms}",
        "synchronous=FULL",  # what was answered with 2xx survives a power cut
        "foreign_keys=ON",
        "trusted_schema=OFF",
    )

    def prepare(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        deadline = record.info[DEADLINE] = _Deadline(settings.database_statement_timeout)
        deadline.restart()
        try:
            connection.isolation_level = None  # we say BEGIN ourselves
            connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own knows ASCII only
            _execute(connection, *(f"PRAGMA {pragma}" for pragma in pragmas))
            _use_wal(connection)
            connection.run_async(lambda driver: driver.set_progress_handler(deadline.is_over, VM_STEPS))
        except BaseException:
            connection.close()  # the pool would forget it without closing it
            raise

    return prepare


def _use_wal(connection: DBAPIConnection) -> None:
    """Readers do not wait for the writer.

    Processes that make a new file at once all switch it; SQLite refuses who comes second instead of letting it wait.
    """
    for pause in WAL_PAUSES:
        try:
            _execute(connection, "PRAGMA journal_mode=WAL")
        except OperationalError as error:
            if error.sqlite_errorcode != SQLITE_BUSY:
                raise
            time.sleep(pause)
        else:
            return
    _execute(connection, "PRAGMA journal_mode=WAL")


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class _Deadline:
    """SQLite has no statement timeout: between its steps it asks whether to stop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = 0.0

    def restart(self) -> None:
        self._end = time.monotonic() + self._seconds

    def is_over(self) -> bool:
        return time.monotonic() > self._end


def _restart_deadline(connection: Connection, *_: Any) -> None:
    connection.info[DEADLINE].restart()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _refuse_writes(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    _execute(connection, "PRAGMA query_only=ON")


def _execute(connection: DBAPIConnection, *statements: str) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
