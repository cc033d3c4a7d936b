"""Runs migrations on the connection it is given, or on the configured database from Alembic's own command line."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from app.core.config import get_settings
from app.models import Base
from lintel.db import Database


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_type=True,
        # SQLite can alter little of a table: Alembic copies it instead.
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_from_command_line() -> None:
    database = Database(get_settings())
    async with database.opened(), database.writer.begin() as connection:
        await connection.run_sync(run)


if (connection := context.config.attributes.get("connection")) is not None:
    run(connection)
else:
    asyncio.run(run_from_command_line())
