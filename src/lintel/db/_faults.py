"""What a driver's exception means, in one place for both databases."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import exc
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.orm.exc import StaleDataError

from lintel.errors import AlreadyExists, Conflict, ServiceError, Unavailable

UNIQUE = "23505"
FOREIGN_KEY = "23503"
RETRIABLE = frozenset({"40001", "40P01"})
"""serialization_failure, deadlock_detected: the server undid the transaction and it may simply be run again."""
UNAVAILABLE = ("08", "25006", "28", "3D", "53", "55P03", "57", "58")
"""Classes and codes of SQLSTATE: no connection, read-only, no access, no resources, locked, cancelled, system."""

SQLITE_UNAVAILABLE = frozenset({5, 6, 7, 8, 9, 10, 11, 13, 14, 26})
"""BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB."""
SQLITE_UNIQUE = frozenset({1555, 2067})
SQLITE_FOREIGN_KEY = 787
_SQLITE_UNIQUE_TEXT = "UNIQUE constraint failed: "


@contextmanager
def database_faults() -> Iterator[None]:
    """Translate what a database raises into errors of the tree; bugs of ours pass unchanged.

    Raises:
        Unavailable: The database does not answer, is full, locked or too slow.
        AlreadyExists: A unique constraint was violated that no repository named.
        Conflict: A row is still referred to, or refers to one that is gone.
    """
    try:
        yield
    except exc.SQLAlchemyError as error:
        translated = _translated(error)
        if translated is None:
            raise
        raise translated from error


@contextmanager
def connection_faults() -> Iterator[None]:
    """Translate what connecting raises before there is any database to speak of.

    Raises:
        Unavailable: Nobody listens, or nobody answers in time.
    """
    try:
        yield
    except (OSError, TimeoutError) as error:
        raise Unavailable from error


def translate_silence(context: ExceptionContext) -> None:
    """An engine's `handle_error` listener: the driver gave up on a server that no longer answers.

    Only here: an OSError of a unit of work's own code has nothing to do with the database.

    Raises:
        Unavailable: In place of that.
    """
    if isinstance(context.original_exception, OSError | TimeoutError):
        raise Unavailable from context.original_exception


@contextmanager
def unique(messages: Mapping[str, str]) -> Iterator[None]:
    """Name duplicates for people.

    Args:
        messages: What to say, by name of the unique constraint, such as `uq_users_email`.

    Raises:
        AlreadyExists: One of the constraints was violated within.
    """
    try:
        yield
    except exc.IntegrityError as error:
        message = messages.get(violated_constraint(error) or "")
        if message is None:
            raise
        raise AlreadyExists(message) from error


def violated_constraint(error: exc.IntegrityError) -> str | None:
    """The name of the violated unique constraint.

    SQLite tells only the columns; the naming convention gives the name.
    """
    name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
    if isinstance(name, str):
        return name
    text = str(error.orig)
    if not text.startswith(_SQLITE_UNIQUE_TEXT):
        return None
    table, columns = "", []
    for part in text.removeprefix(_SQLITE_UNIQUE_TEXT).split(", "):
        table, _, column = part.partition(".")
        columns.append(column)
    return "_".join(["uq", table, *columns])


def is_retriable(error: Exception) -> bool:
    """Whether the transaction came to nothing through no fault of its own content: another one was quicker."""
    return isinstance(error, StaleDataError) or (isinstance(error, exc.DBAPIError) and _sqlstate(error) in RETRIABLE)


def is_lost_connection(error: Exception) -> bool:
    """Whether the connection broke, so that nothing more is known of the transaction."""
    return isinstance(error, exc.DBAPIError) and error.connection_invalidated


def _translated(error: Exception) -> ServiceError | None:
    if not isinstance(error, exc.DBAPIError):
        return Unavailable() if isinstance(error, exc.TimeoutError | StaleDataError) else None  # the pool's, or a race
    if error.connection_invalidated or is_retriable(error) or _is_unavailable(error):
        return Unavailable()
    if isinstance(error, exc.IntegrityError):
        return _integrity(error)
    return None


def _is_unavailable(error: exc.DBAPIError) -> bool:
    return (_sqlstate(error) or "").startswith(UNAVAILABLE) or _sqlite_code(error) & 0xFF in SQLITE_UNAVAILABLE


def _integrity(error: exc.IntegrityError) -> ServiceError | None:
    if _sqlstate(error) == UNIQUE or _sqlite_code(error) in SQLITE_UNIQUE:
        return AlreadyExists()
    if _sqlstate(error) == FOREIGN_KEY or _sqlite_code(error) == SQLITE_FOREIGN_KEY:
        return Conflict("Something else still refers to this, or this refers to something that is gone.")
    return None


def _sqlstate(error: exc.DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _sqlite_code(error: exc.DBAPIError) -> int:
    return getattr(error.orig, "sqlite_errorcode", 0)
