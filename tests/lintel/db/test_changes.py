"""What units of work change is told to who asked."""

import asyncio
from collections.abc import Collection

import anyio
import pytest

from lintel.db import Database, Session, note_changed

pytestmark = pytest.mark.anyio


class TestChanges:
    @pytest.fixture
    def heard(self, database: Database) -> list[set[str]]:
        heard: list[set[str]] = []

        async def listen(names: Collection[str]) -> None:
            await asyncio.sleep(0)
            heard.append(set(names))

        database.on_changed(listen)
        return heard

    async def test_are_told_once_they_are_committed_and_before_anybody_is_answered(
        self, database: Database, heard: list[set[str]]
    ) -> None:
        async def work(session: Session) -> list[set[str]]:
            note_changed(session, "users", "user:1")
            note_changed(session, "users")
            await asyncio.sleep(0)
            return list(heard)

        assert await database.run(work) == []
        assert heard == [{"users", "user:1"}]

    async def test_that_were_undone_are_told_to_nobody(self, database: Database, heard: list[set[str]]) -> None:
        async def work(session: Session) -> None:
            note_changed(session, "users")
            raise LookupError

        with pytest.raises(LookupError):
            await database.run(work)
        assert heard == []

    async def test_none_is_nothing_to_tell(self, database: Database, heard: list[set[str]]) -> None:
        async def work(_: Session) -> None: ...

        await database.run(work)
        assert heard == []

    async def test_whose_outcome_is_unknown_are_told(
        self, database: Database, heard: list[set[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def commit(_: Session) -> None:
            raise OSError

        async def work(session: Session) -> None:
            note_changed(session, "users")

        monkeypatch.setattr(Session, "commit", commit)
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is taken for
            await database.run(work)
        assert heard
        assert set.union(*heard) == {"users"}

    async def test_are_told_also_when_the_caller_leaves_while_committing(
        self, database: Database, heard: list[set[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        committing, commit = asyncio.Event(), Session.commit

        async def slow(session: Session) -> None:
            await commit(session)
            committing.set()
            await asyncio.sleep(60)

        async def work(session: Session) -> None:
            note_changed(session, "users")

        monkeypatch.setattr(Session, "commit", slow)
        async with asyncio.timeout(10), anyio.create_task_group() as group:
            group.start_soon(database.run, work)
            await committing.wait()
            group.cancel_scope.cancel()
        async with asyncio.timeout(10):
            while not heard:  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.01)
        assert heard == [{"users"}]
