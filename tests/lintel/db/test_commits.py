import pytest

from lintel.db import Database, Session, on_commit
from tests.lintel.db.conftest import ON_SQLITE, Account

pytestmark = [pytest.mark.anyio, ON_SQLITE]


class TestOnCommit:
    async def test_is_once_and_after_the_whole_unit(self, database: Database) -> None:
        seen: list[str] = []

        async def work(session: Session) -> None:
            async with session.begin_nested():
                session.add(Account(owner="ada"))
                on_commit(session, lambda: seen.append("committed"))
            seen.append("released")
            async with session.begin_nested():
                session.add(Account(owner="bob"))
            seen.append("released")

        await database.run(work)
        assert seen == ["released", "released", "committed"]

    async def test_is_never_where_it_is_undone(self, database: Database) -> None:
        seen: list[str] = []

        async def work(session: Session) -> None:
            async with session.begin_nested():
                session.add(Account(owner="ada"))
                on_commit(session, lambda: seen.append("committed"))
            raise LookupError

        with pytest.raises(LookupError):
            await database.run(work)
        assert seen == []
