"""Which database, from which setting."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url

from lintel.settings import DatabaseSettings

FILE_NAME = "lintel.db"


def writer_url(settings: DatabaseSettings) -> URL:
    """The database that is written to: `DATABASE_URL`, or an SQLite file in `DATA_DIR`."""
    if settings.database_url is None:
        return _with_async_driver(URL.create("sqlite", database=str(settings.data_dir / FILE_NAME)))
    return _with_async_driver(make_url(settings.database_url.get_secret_value()))


def reader_url(settings: DatabaseSettings) -> URL:
    """The database that is read from: `DATABASE_READER_URL`, or the one that is written to."""
    if settings.database_reader_url is None:
        return writer_url(settings)
    return _with_async_driver(make_url(settings.database_reader_url.get_secret_value()))


def make_folder(url: URL) -> None:
    """Make the folder of an SQLite file, which SQLite itself would only complain about."""
    if url.get_backend_name() == "sqlite":
        Path(str(url.database)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _with_async_driver(url: URL) -> URL:
    # `postgresql://` would mean psycopg to SQLAlchemy 2.1, `sqlite://` the blocking driver.
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    return url.set(drivername=drivers[url.get_backend_name()])
