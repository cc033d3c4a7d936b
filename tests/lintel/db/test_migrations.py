"""Migrations: the service's own, and a few made up to go wrong."""

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.util import CommandError
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from app.models import Base
from lintel.db import Database, Migrations, NotMigratedError
from tests.conftest import MIGRATIONS, ROOT
from tests.lintel.db.conftest import ON_POSTGRESQL, DatabaseFactory, execute

pytestmark = pytest.mark.anyio

REVISIONS = MIGRATIONS.revisions()
REVISION = """
from alembic import op

revision, down_revision, branch_labels, depends_on = {revision!r}, {after!r}, None, None


def upgrade():
    for statement in {statements!r}:
        op.execute(statement)


def downgrade():
    op.execute("DROP TABLE made_up")
"""


Chain = Callable[..., Migrations]


@pytest.fixture
async def empty(make_database: DatabaseFactory) -> Database:
    return await make_database()


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """Migrations of made-up statements, one revision after the other, in a folder with an awkward name."""

    def make(*revisions: list[str]) -> Migrations:
        folder = tmp_path / "100% made up"
        (folder / "versions").mkdir(parents=True)
        shutil.copy(ROOT / "alembic" / "env.py", folder)
        for number, statements in enumerate(revisions, 1):
            after = str(number - 1) if number > 1 else None
            source = REVISION.format(revision=str(number), after=after, statements=statements)
            (folder / "versions" / f"{number}.py").write_text(source)
        return Migrations(folder)

    return make


async def tables(database: Database) -> set[str]:
    async with database.writer.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    return set(names) - {"alembic_version"}


class TestRevisions:
    def test_are_told_oldest_first(self) -> None:
        assert REVISIONS[0] == "0001"
        assert sorted(REVISIONS) == REVISIONS

    def test_have_a_file_each(self) -> None:
        files = sorted(path.name for path in (ROOT / "alembic" / "versions").glob("*.py"))
        assert [name.partition("_")[0] for name in files] == REVISIONS

    def test_refuse_two_heads(self, chain: Chain, tmp_path: Path) -> None:
        migrations = chain(["SELECT 1"])
        second = REVISION.format(revision="rival", after=None, statements=[])
        (tmp_path / "100% made up" / "versions" / "rival.py").write_text(second)
        with pytest.raises(CommandError, match="multiple heads"):
            migrations.revisions()

    def test_of_an_empty_folder_are_none(self, chain: Chain) -> None:
        assert chain().revisions() == []


class TestStairway:
    @pytest.mark.parametrize("revision", REVISIONS)
    async def test_each_revision_goes_up_down_and_up_again(self, empty: Database, revision: str) -> None:
        index = REVISIONS.index(revision)
        before = REVISIONS[index - 1] if index else "base"
        await MIGRATIONS.upgrade(empty.migrator, revision)
        await MIGRATIONS.downgrade(empty.migrator, before)
        assert await MIGRATIONS.current(empty.writer) == (REVISIONS[index - 1] if index else None)
        await MIGRATIONS.upgrade(empty.migrator, revision)
        assert await MIGRATIONS.current(empty.writer) == revision

    async def test_all_the_way_down_leaves_nothing(self, empty: Database) -> None:
        await MIGRATIONS.upgrade(empty.migrator)
        assert await tables(empty) == set(Base.metadata.tables)
        await MIGRATIONS.downgrade(empty.migrator, "base")
        assert await tables(empty) == set()


class TestUpgrade:
    async def test_brings_an_empty_database_to_the_newest_revision(self, empty: Database) -> None:
        assert await MIGRATIONS.current(empty.writer) is None
        await MIGRATIONS.upgrade(empty.migrator)
        assert await MIGRATIONS.current(empty.writer) == REVISIONS[-1]

    async def test_of_an_upgraded_database_does_nothing(self, empty: Database) -> None:
        await MIGRATIONS.upgrade(empty.migrator)
        row = "'a@x', 'user', 'active', 'x', '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00'"
        await execute(
            empty,
            f"INSERT INTO users (email, role, status, hashed_password, created_at, updated_at) VALUES ({row})",  # noqa: S608
        )
        await MIGRATIONS.upgrade(empty.migrator)
        async with empty.read() as connection:
            assert (await connection.execute(text("SELECT email FROM users"))).scalars().all() == ["a@x"]

    async def test_by_two_processes_at_once_succeeds_for_both(self, make_database: DatabaseFactory) -> None:
        replicas = [await make_database() for _ in range(2)]
        await asyncio.gather(*(MIGRATIONS.upgrade(replica.migrator) for replica in replicas))
        for replica in replicas:
            assert await MIGRATIONS.current(replica.writer) == REVISIONS[-1]

    async def test_that_fails_leaves_nothing_behind(self, empty: Database, chain: Chain) -> None:
        migrations = chain(["CREATE TABLE one (x INTEGER)"], ["CREATE TABLE two (x INTEGER)", "SELECT * FROM nowhere"])
        with pytest.raises(DBAPIError, match="nowhere"):
            await migrations.upgrade(empty.migrator)
        assert await tables(empty) == set()
        assert await migrations.current(empty.writer) is None

    async def test_can_stop_on_the_way(self, empty: Database, chain: Chain) -> None:
        migrations = chain(["CREATE TABLE one (x INTEGER)"], ["CREATE TABLE two (x INTEGER)"])
        await migrations.upgrade(empty.migrator, "1")
        assert await tables(empty) == {"one"}
        await migrations.upgrade(empty.migrator)
        assert await tables(empty) == {"one", "two"}

    async def test_to_an_unknown_revision_is_refused(self, empty: Database) -> None:
        with pytest.raises(CommandError, match="nowhere"):
            await MIGRATIONS.upgrade(empty.migrator, "nowhere")

    async def test_may_take_longer_than_a_statement_of_the_service(
        self, make_database: DatabaseFactory, chain: Chain
    ) -> None:
        database = await make_database(database_statement_timeout=0.1)
        slow = {
            "postgresql": "SELECT pg_sleep(2.5)",
            "sqlite": "CREATE TABLE numbers AS WITH RECURSIVE n(i) AS "
            "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) SELECT i FROM n",
        }
        await chain([slow[database.writer.dialect.name]]).upgrade(database.migrator)

    @ON_POSTGRESQL
    async def test_waits_for_another_longer_than_a_statement_of_the_service(
        self, make_database: DatabaseFactory, chain: Chain
    ) -> None:
        migrations = chain(["CREATE TABLE made_up AS SELECT pg_sleep(2.5)::text"])
        slow, other = await make_database(), await make_database(database_statement_timeout=0.1)
        started = time.monotonic()
        await asyncio.gather(migrations.upgrade(slow.migrator), migrations.upgrade(other.migrator))
        assert time.monotonic() - started > 2.5


class TestCheck:
    async def test_refuses_an_empty_and_an_older_database(self, empty: Database, chain: Chain) -> None:
        migrations = chain(["CREATE TABLE one (x INTEGER)"], ["CREATE TABLE two (x INTEGER)"])
        with pytest.raises(NotMigratedError, match="None"):
            await migrations.check(empty.reader)
        await migrations.upgrade(empty.migrator, "1")
        with pytest.raises(NotMigratedError, match="1"):
            await migrations.check(empty.reader)

    async def test_takes_the_newest_and_a_newer_one(self, empty: Database, chain: Chain) -> None:
        await MIGRATIONS.upgrade(empty.migrator)
        await MIGRATIONS.check(empty.reader)
        await chain(["CREATE TABLE one (x INTEGER)"]).check(empty.reader)  # to which ours is unknown


class TestDrift:
    async def test_is_none_after_the_upgrade(self, empty: Database) -> None:
        await MIGRATIONS.upgrade(empty.migrator)
        assert await MIGRATIONS.drift(empty.writer, Base.metadata) == []

    async def test_tells_what_is_missing(self, empty: Database) -> None:
        found = await MIGRATIONS.drift(empty.writer, Base.metadata)
        assert "add_table" in str(found)
        assert "users" in str(found)

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ("CREATE TABLE stray (x INTEGER)", "remove_table"),
            ("ALTER TABLE users ADD COLUMN stray INTEGER", "remove_column"),
            ("DROP INDEX ix_users_role_status", "add_index"),
            ("CREATE INDEX stray ON users (email)", "remove_index"),
        ],
    )
    async def test_tells_what_was_changed_by_hand(self, empty: Database, change: str, expected: str) -> None:
        await MIGRATIONS.upgrade(empty.migrator)
        await execute(empty, change)
        assert expected in str(await MIGRATIONS.drift(empty.writer, Base.metadata))
