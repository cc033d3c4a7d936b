"""What is said to the table of keys."""

from typing import Any

from sqlalchemy import BigInteger, Delete, Executable, Select, Update, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase

from lintel.db import UtcDateTime

TRY_LOCK = select(func.pg_try_advisory_xact_lock(bindparam("lock", type_=BigInteger)))
"""Who gets it works on the key, until the end of the transaction. Waiting for the row itself would block."""
NOW = bindparam("now_", type_=UtcDateTime)


class Statements:
    """The statements for one table, built once."""

    def __init__(self, model: type[DeclarativeBase], dialect: str) -> None:
        table: Any = model.__table__
        own = (table.c.principal_id == bindparam("principal_id_"), table.c.key_hash == bindparam("key_hash_"))
        self.reserve: Executable = _reserve(table, dialect)
        self.find: Select[Any] = select(table).where(*own)
        self.complete: Update = update(table).where(*own)
        expired = (
            select(table.c.principal_id, table.c.key_hash)
            .where(table.c.expires_at <= NOW)
            .order_by(table.c.expires_at)
            .limit(bindparam("limit_"))
            .with_for_update(skip_locked=True)
        )
        self.delete_expired: Delete = delete(table).where(tuple_(table.c.principal_id, table.c.key_hash).in_(expired))


def _reserve(table: Any, dialect: str) -> Executable:
    """Insert the row of a key, or take over one that has expired; returns nothing where there is a living one."""
    insert: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    renewed = {column.name: insert.excluded[column.name] for column in table.c if not column.primary_key}
    return insert.on_conflict_do_update(  # type: ignore[no-any-return]
        index_elements=[table.c.principal_id, table.c.key_hash], set_=renewed, where=table.c.expires_at <= NOW
    ).returning(table.c.key_hash)
