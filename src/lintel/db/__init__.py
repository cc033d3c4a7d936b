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
from lintel.db._commits import on_commit
from lintel.db._database import CommitUnknown, Database, Session, Work, note_changed
from lintel.db._each import each, each_within
from lintel.db._faults import database_faults, unique, violated_constraint
from lintel.db._listing import BadKey, Key, Listing, Rows, Selection
from lintel.db._migrations import Migrations, NotMigratedError
from lintel.db._repository import Repository
from lintel.db._search import contains
from lintel.db._urls import reader_url, writer_url
from lintel.db._versions import ANY_VERSION, ExpectedVersion, VersionMixin

__all__ = [
    "ANY_VERSION",
    "NAMING_CONVENTION",
    "BadKey",
    "BigId",
    "CommitUnknown",
    "Database",
    "ExpectedVersion",
    "IdMixin",
    "Key",
    "Listing",
    "Migrations",
    "NotMigratedError",
    "Repository",
    "Rows",
    "Selection",
    "Session",
    "SoftDeleteMixin",
    "TimestampMixin",
    "UtcDateTime",
    "VersionMixin",
    "Work",
    "contains",
    "database_faults",
    "each",
    "each_within",
    "new_metadata",
    "note_changed",
    "on_commit",
    "reader_url",
    "unique",
    "utc_now",
    "violated_constraint",
    "writer_url",
]
