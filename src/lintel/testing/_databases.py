"""Databases of their own for tests that share one PostgreSQL server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from sqlalchemy import NullPool, make_url
from sqlalchemy.ext.asyncio import create_async_engine


async def create_database(url: str, name: str, *, template: str = "template1") -> str:
    """Create a database beside the one the URL names.

    Args:
        url: A PostgreSQL URL whose user may create databases. The driver used is asyncpg, whatever it names.
        name: The name of the new database; taken literally.
        template: The database to copy, to which nobody may be connected.

    Returns:
        The URL of the new database, with the driver of the one given.
    """
    await _administer(url, f"CREATE DATABASE {_quoted(name)} TEMPLATE {_quoted(template)}")
    return make_url(url).set(database=name).render_as_string(hide_password=False)


async def drop_database(url: str, name: str) -> None:
    """Drop a database if it exists, whoever is connected to it. The URL names another one on the same server."""
    await _administer(url, f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")


@asynccontextmanager
async def temporary_database(url: str, *, template: str = "template1") -> AsyncIterator[str]:
    """The URL of a new database on the server the URL names, dropped when the block ends."""
    name = f"lintel_{uuid4().hex}"
    created = await create_database(url, name, template=template)
    try:
        yield created
    finally:
        await drop_database(url, name)


async def _administer(url: str, statement: str) -> None:
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        isolation_level="AUTOCOMMIT",  # PostgreSQL refuses both statements inside a transaction
        poolclass=NullPool,
    )
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql(statement)
    finally:
        await engine.dispose()


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
