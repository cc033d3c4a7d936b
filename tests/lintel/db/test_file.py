"""An SQLite file that is taken away from a running service."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.typing import EventDict

from lintel.db import Database, Session
from lintel.errors import Unavailable
from lintel.settings import DatabaseSettings, load_settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "words.db"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    """One with a table of one word."""
    opened = Database(load_settings(DatabaseSettings, env_file=None, database_url=f"sqlite:///{file}"))
    async with opened.opened():
        await opened.run(executing("CREATE TABLE words (word TEXT)"))
        await opened.run(executing("INSERT INTO words VALUES ('door')"))
        assert await words(opened) == ["door"]
        yield opened


def executing(statement: str) -> Callable[[Session], Awaitable[None]]:
    async def work(session: Session) -> None:
        await session.execute(text(statement))

    return work


async def words(database: Database) -> list[str]:
    return [row["word"] for row in await database.fetch_all(text("SELECT word FROM words"))]


def taken_away(file: Path) -> Path:
    return file.rename(file.with_suffix(".away"))


def put_back(away: Path, file: Path) -> None:
    away.replace(file)


def remove(file: Path) -> None:
    file.unlink(missing_ok=True)


def is_there(file: Path) -> bool:
    return file.exists()


async def test_nothing_is_read_or_written_while_it_is_gone(
    database: Database, file: Path, log_records: list[EventDict]
) -> None:
    taken_away(file)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await database.run(executing("INSERT INTO words VALUES ('lost')"))
        with pytest.raises(Unavailable):
            await words(database)
        with pytest.raises(Unavailable):
            await database.ping()
    assert not is_there(file)  # nobody made an empty one
    # Once by each of the two engines.
    assert [record["event"] for record in log_records] == ["the database is not there: nothing is read or written"] * 2


async def test_it_is_opened_anew_when_it_is_back(database: Database, file: Path, log_records: list[EventDict]) -> None:
    away = taken_away(file)
    with pytest.raises(Unavailable):
        await words(database)
    put_back(away, file)
    await database.run(executing("INSERT INTO words VALUES ('beam')"))
    assert await words(database) == ["door", "beam"]
    assert log_records[-1]["event"] == "the database is there again"


async def test_another_in_its_place_is_the_one_that_is_used(database: Database, file: Path, tmp_path: Path) -> None:
    other = Database(load_settings(DatabaseSettings, env_file=None, database_url=f"sqlite:///{tmp_path / 'other.db'}"))
    async with other.opened():
        await other.run(executing("CREATE TABLE words (word TEXT)"))
        await other.run(executing("INSERT INTO words VALUES ('window')"))
    for beside in ("words.db-wal", "words.db-shm"):
        remove(file.with_name(beside))
    put_back(tmp_path / "other.db", file)
    assert await words(database) == ["window"]
