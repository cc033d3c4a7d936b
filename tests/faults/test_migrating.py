"""Two replicas migrate an empty database at the same moment."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from app.core.config import Settings
from lintel.db import Database
from lintel.settings import load_settings
from lintel.testing import create_database, drop_database
from tests.conftest import MIGRATIONS, Saw
from tests.process.conftest import START_SECONDS, environment

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'data' / 'lintel.db'}"
        return
    server, name = request.getfixturevalue("postgres_url"), f"lintel_{uuid4().hex}"
    yield asyncio.run(create_database(server, name))
    asyncio.run(drop_database(server, name))


@pytest.mark.fault(
    "two replicas migrate at once",
    "one waits for the other; both end with 0 and the database is at the newest revision",
)
def test_at_once(empty_url: str, tmp_path: Path, saw: Saw) -> None:
    env = environment(tmp_path / "data", DATABASE_URL=empty_url)
    command = [sys.executable, "-m", "app", "migrate"]
    replicas = [
        subprocess.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    try:
        said = [replica.communicate(timeout=START_SECONDS)[0].decode() for replica in replicas]
    finally:
        for replica in replicas:
            replica.kill()
            replica.wait(START_SECONDS)
    assert [replica.returncode for replica in replicas] == [0, 0], said
    revision = asyncio.run(current(empty_url))
    assert revision == MIGRATIONS.revisions()[-1]
    saw(f"{empty_url.partition(':')[0]}: 0 and 0, one head ({revision})")


async def current(url: str) -> str | None:
    database = Database(load_settings(Settings, env_file=None, database_url=url))
    async with database.opened():
        return await MIGRATIONS.current(database.writer)
