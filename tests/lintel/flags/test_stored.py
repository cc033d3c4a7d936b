import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from sqlalchemy import delete, event, text
from sqlalchemy.orm import DeclarativeBase
from structlog.typing import EventDict

from lintel.db import Database, Session, new_metadata, note_changed
from lintel.flags import CHANGED, Flag, FlagMixin, StoredFlags
from lintel.flags.openfeature import LintelProvider, OpenFeatureFlags
from lintel.settings import LintelSettings, load_settings
from lintel.testing.conformance import FlagsConformance
from lintel.testing.conformance._flags import ADA, BOB, DECLARED, FORCED, OFF, ON, OVERRIDES

pytestmark = pytest.mark.anyio


class Base(DeclarativeBase):
    metadata = new_metadata()


class Rules(FlagMixin, Base):
    __tablename__ = "flags"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    settings = load_settings(LintelSettings, env_file=None, database_url=f"sqlite:///{tmp_path / 'test.db'}")
    database = Database(settings)
    async with database.opened():
        async with database.writer.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield database


def stored(database: Database, **values: Any) -> StoredFlags:
    return StoredFlags(database, Rules, declared=DECLARED, overrides=OVERRIDES, **values)


async def put(database: Database, name: str, **values: Any) -> None:
    async def work(session: Session) -> None:
        note_changed(session, CHANGED)
        await session.execute(delete(Rules).where(Rules.name == name))
        session.add(Rules(name=name, **values))

    await database.run(work)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)


class OnTheTable(FlagsConformance):
    @pytest.fixture(autouse=True)
    def _database(self, database: Database) -> None:
        self.database = database

    async def switch(self, flag: Flag, *, on: bool, user_ids: frozenset[int] = frozenset()) -> None:
        percentage = 0 if user_ids else 100
        await put(self.database, flag.name, enabled=on, percentage=percentage, user_ids=sorted(user_ids), roles=[])

    async def break_down(self) -> None:
        async with self.database.writer.begin() as connection:
            await connection.execute(text("DROP TABLE flags"))


class TestConformance(OnTheTable):
    @pytest.fixture
    async def flags(self, database: Database) -> AsyncIterator[StoredFlags]:
        flags = stored(database)
        async with flags.opened():
            yield flags


class TestThroughOpenFeature(OnTheTable):
    """Our own flags, asked by an OpenFeature client."""

    @pytest.fixture
    async def flags(self, database: Database) -> AsyncIterator[OpenFeatureFlags]:
        ours = stored(database)
        flags = OpenFeatureFlags(LintelProvider(ours), overrides={})
        async with ours.opened(), flags.opened():
            yield flags


class TestSnapshot:
    async def test_no_question_is_a_statement(self, database: Database) -> None:
        flags, seen = stored(database), []
        async with flags.opened():
            event.listen(database.reader.sync_engine, "before_cursor_execute", lambda *_: seen.append(1))
            for _ in range(100):
                await flags.is_on(OFF, ADA)
        assert seen == []

    async def test_another_process_knows_within_the_time_that_was_set(self, database: Database, tmp_path: Path) -> None:
        settings = load_settings(LintelSettings, env_file=None, database_url=f"sqlite:///{tmp_path / 'test.db'}")
        other = Database(settings)
        flags = stored(other, refresh=0.05)
        async with other.opened(), flags.opened():
            await put(database, OFF.name, enabled=True)
            await until(lambda: flags.evaluate(OFF))

    async def test_what_was_last_read_holds_and_is_logged_once(
        self, database: Database, log_records: list[EventDict]
    ) -> None:
        flags = stored(database)
        async with flags.opened():
            await put(database, OFF.name, enabled=True)
            await put(database, ON.name, enabled=False)
            async with database.writer.begin() as connection:
                await connection.execute(text("ALTER TABLE flags RENAME TO gone"))
            for _ in range(3):
                await flags.refresh()
            assert [flags.evaluate(flag) for flag in (OFF, ON)] == [True, False]
            async with database.writer.begin() as connection:
                await connection.execute(text("ALTER TABLE gone RENAME TO flags"))
            await flags.refresh()
        assert [record["event"] for record in log_records] == ["flags stay as they were last read"]

    async def test_a_row_that_somebody_else_made_unreadable_ends_nothing(
        self, database: Database, log_records: list[EventDict]
    ) -> None:
        flags = stored(database, refresh=0.01)
        async with flags.opened():
            await put(database, ON.name, enabled=False, percentage=100, user_ids=[], roles=[])
            async with database.writer.begin() as connection:
                await connection.execute(text("UPDATE flags SET roles = 'null'"))
            await until(lambda: any(record["event"] == "flags stay as they were last read" for record in log_records))
            assert flags.evaluate(ON) is False
            await put(database, ON.name, enabled=True, percentage=100, user_ids=[], roles=[])
            assert flags.evaluate(ON) is True

    async def test_who_nobody_declared_is_ignored_with_one_warning(
        self, database: Database, log_records: list[EventDict]
    ) -> None:
        flags = StoredFlags(database, Rules, declared=[OFF], overrides={"misspelt": True})
        async with flags.opened():
            await put(database, "left_over", enabled=True)
            await flags.refresh()
            assert not flags.evaluate(OFF)
        assert [record["flags"] for record in log_records] == [["misspelt"], ["left_over"]]


class TestProvider:
    @pytest.fixture
    async def client(self, database: Database) -> AsyncIterator[Any]:
        """Any OpenFeature client that was told of our provider."""
        flags = stored(database)
        async with flags.opened():
            await put(database, OFF.name, enabled=True, percentage=0, user_ids=[1], roles=["admin"])
            api.set_provider_and_wait(LintelProvider(flags), domain="test")
            yield api.get_client("test")

    @pytest.mark.parametrize(
        ("context", "on"),
        [
            (EvaluationContext("1"), True),
            (EvaluationContext("2"), False),
            (EvaluationContext("2", {"roles": ["admin"]}), True),
            (EvaluationContext("2", {"roles": "admin"}), False),
            (EvaluationContext("somebody"), False),
            (EvaluationContext("\u0661"), False),
            (None, False),
        ],
    )
    async def test_reads_who_is_asking_from_the_context(
        self, client: Any, context: EvaluationContext | None, *, on: bool
    ) -> None:
        assert client.get_boolean_value(OFF.name, False, context) is on
        assert await client.get_boolean_value_async(OFF.name, False, context) is on

    async def test_says_why(self, client: Any) -> None:
        assert client.get_boolean_details(FORCED.name, False).reason == "STATIC"
        assert client.get_boolean_details("unknown", True).error_code == ErrorCode.FLAG_NOT_FOUND
        for ask, default in (
            (client.get_string_details, "x"),
            (client.get_integer_details, 1),
            (client.get_float_details, 1.5),
            (client.get_object_details, {}),
        ):
            found = ask(OFF.name, default)
            assert (found.value, found.error_code) == (default, ErrorCode.TYPE_MISMATCH)
            assert ask("unknown", default).error_code == ErrorCode.FLAG_NOT_FOUND

    async def test_bob_is_not_ada(self, client: Any) -> None:
        found = [client.get_boolean_value(OFF.name, False, EvaluationContext(str(one.id))) for one in (ADA, BOB)]
        assert found == [True, False]
