"""Writer and reader, unit of work, base model, repository, paging and migrations, on SQLite and PostgreSQL."""

from lintel.db._base import (
    NAMING_CONVENTION,
    BigId,
    IdMixin,
    SoftDeleteMixin,
    TimestampMixin,
    UtcDateTime,
    new_metadata,
    utc_now,
)
from lintel.db._database import CommitUnknown, Database, Session
from lintel.db._faults import database_faults, unique, violated_constraint
from lintel.db._migrations import Migrations, NotMigratedError
from lintel.db._paging import PageOfRows, fetch_page, page_statement
from lintel.db._repository import Repository
from lintel.db._urls import reader_url, writer_url

__all__ = [
    "NAMING_CONVENTION",
    "BigId",
    "CommitUnknown",
    "Database",
    "IdMixin",
    "Migrations",
    "NotMigratedError",
    "PageOfRows",
    "Repository",
    "Session",
    "SoftDeleteMixin",
    "TimestampMixin",
    "UtcDateTime",
    "database_faults",
    "fetch_page",
    "new_metadata",
    "page_statement",
    "reader_url",
    "unique",
    "utc_now",
    "violated_constraint",
    "writer_url",
]
