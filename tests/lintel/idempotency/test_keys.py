"""One effect and one answer for each key."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from lintel.db import Database, Session
from lintel.errors import NotFound
from lintel.idempotency import AnsweredBefore, IdempotencyKeys, KeyInUse, KeyReused, _keys
from tests.lintel.idempotency.conftest import (
    ON_POSTGRESQL,
    SECRET,
    Account,
    Key,
    accounts,
    answer,
    open_account,
    request_of,
)

pytestmark = pytest.mark.anyio

MakeKeys = Callable[..., Awaitable[IdempotencyKeys]]
NO_TIME = timedelta(seconds=-1)


async def rows(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.execute(select(func.count()).select_from(Key))).scalar_one()


class TestRun:
    async def test_returns_what_the_unit_returns(self, keys: IdempotencyKeys, database: Database) -> None:
        assert await keys.run(request_of(), open_account, answer) == 1
        assert await accounts(database) == 1

    async def test_answers_a_repeat_as_the_first_time(self, keys: IdempotencyKeys, database: Database) -> None:
        await keys.run(request_of(), open_account, answer)
        with pytest.raises(AnsweredBefore) as found:
            await keys.run(request_of(), open_account, answer)
        assert found.value.answer == answer(1)
        assert await accounts(database) == 1

    async def test_answers_in_another_process(self, keys: IdempotencyKeys, make_keys: MakeKeys) -> None:
        await keys.run(request_of(), open_account, answer)
        with pytest.raises(AnsweredBefore) as found:
            await (await make_keys()).run(request_of(), open_account, answer)
        assert found.value.answer == answer(1)

    @pytest.mark.parametrize("change", [{"content": b"bob"}, {"operation": "close_account"}])
    async def test_refuses_the_key_for_another_request(
        self, keys: IdempotencyKeys, database: Database, change: dict[str, object]
    ) -> None:
        await keys.run(request_of(), open_account, answer)
        with pytest.raises(KeyReused):
            await keys.run(request_of(**change), open_account, answer)
        assert await accounts(database) == 1

    @pytest.mark.parametrize("change", [{"principal_id": 2}, {"key": "two"}])
    async def test_knows_each_key_of_each_principal_apart(
        self, keys: IdempotencyKeys, database: Database, change: dict[str, object]
    ) -> None:
        await keys.run(request_of(), open_account, answer)
        assert await keys.run(request_of(**change), open_account, answer) == 2
        assert await accounts(database) == 2

    async def test_leaves_a_key_unused_when_the_unit_fails(self, keys: IdempotencyKeys, database: Database) -> None:
        async def fail(session: Session) -> int:
            await open_account(session)
            raise NotFound

        with pytest.raises(NotFound):
            await keys.run(request_of(), fail, answer)
        assert await accounts(database) == 0
        assert await keys.run(request_of(content=b"better"), open_account, answer) > 0

    async def test_leaves_a_key_unused_when_the_answer_cannot_be_made(
        self, keys: IdempotencyKeys, database: Database
    ) -> None:
        with pytest.raises(ZeroDivisionError):
            await keys.run(request_of(), open_account, lambda _: answer(1 // 0))
        assert await accounts(database) == 0
        assert await keys.run(request_of(), open_account, answer) > 0

    async def test_blames_the_unit_for_what_it_left_unflushed(self, keys: IdempotencyKeys) -> None:
        async def fail(session: Session) -> int:
            session.add(Account(owner=None))
            return 1

        with pytest.raises(IntegrityError):
            await keys.run(request_of(), fail, answer)

    @ON_POSTGRESQL
    async def test_runs_the_whole_again_when_another_got_in_the_way(
        self, keys: IdempotencyKeys, database: Database
    ) -> None:
        tries = []

        async def work(session: Session) -> int:
            made = await open_account(session)
            tries.append(made)
            if len(tries) == 1:
                await session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$"))
            return made

        assert await keys.run(request_of(), work, answer) == tries[1]
        with pytest.raises(AnsweredBefore) as found:
            await keys.run(request_of(), open_account, answer)
        assert found.value.answer == answer(tries[1])
        assert await accounts(database) == 1

    async def test_keeps_neither_key_nor_content_readable(self, keys: IdempotencyKeys, database: Database) -> None:
        secret = request_of(key="a-key-nobody-guesses", content=b"password=Lovelace1815")
        await keys.run(secret, open_account, answer)
        async with database.read() as connection:
            [row] = (await connection.execute(select(Key))).all()
        assert "a-key-nobody-guesses" not in str(row)
        assert "Lovelace" not in str(row)

    async def test_makes_fingerprints_that_need_the_secret(
        self, keys: IdempotencyKeys, make_keys: MakeKeys, database: Database
    ) -> None:
        await keys.run(request_of(), open_account, answer)
        with pytest.raises(KeyReused):
            await (await make_keys(secret=SECRET + "!")).run(request_of(), open_account, answer)


class TestInFlight:
    async def test_is_refused_while_the_first_is_worked_on(self, keys: IdempotencyKeys, database: Database) -> None:
        working, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(session: Session) -> int:
            working.set()
            await go_on.wait()
            return await open_account(session)

        first = asyncio.create_task(keys.run(request_of(), slowly, answer))
        await working.wait()
        with pytest.raises(KeyInUse) as refused:
            await keys.run(request_of(), open_account, answer)
        assert refused.value.retry_after == 1
        go_on.set()
        assert await first == 1
        with pytest.raises(AnsweredBefore):
            await keys.run(request_of(), open_account, answer)
        assert await accounts(database) == 1

    async def test_is_refused_or_waits_in_another_process(
        self, keys: IdempotencyKeys, make_keys: MakeKeys, database: Database
    ) -> None:
        working, go_on = asyncio.Event(), asyncio.Event()

        async def slowly(session: Session) -> int:
            working.set()
            await go_on.wait()
            return await open_account(session)

        first = asyncio.create_task(keys.run(request_of(), slowly, answer))
        await working.wait()
        second = asyncio.create_task((await make_keys()).run(request_of(), open_account, answer))
        if database.writer.dialect.name == "postgresql":
            with pytest.raises(KeyInUse):
                await second
        go_on.set()
        assert await first == 1
        if database.writer.dialect.name == "sqlite":
            with pytest.raises(AnsweredBefore):
                await second
        assert await accounts(database) == 1

    async def test_ends_when_the_caller_leaves(self, keys: IdempotencyKeys, database: Database) -> None:
        working = asyncio.Event()

        async def forever(session: Session) -> int:
            await open_account(session)
            working.set()
            await asyncio.Event().wait()
            return 0

        first = asyncio.create_task(keys.run(request_of(), forever, answer))
        await working.wait()
        first.cancel()
        await asyncio.wait([first])
        assert await keys.run(request_of(), open_account, answer) > 0
        assert await accounts(database) == 1

    async def test_a_hundred_at_once_have_one_effect(
        self, keys: IdempotencyKeys, make_keys: MakeKeys, database: Database
    ) -> None:
        processes = [keys, await make_keys(), await make_keys()]
        tries = [processes[n % 3].run(request_of(), open_account, answer) for n in range(100)]
        ended = await asyncio.gather(*tries, return_exceptions=True)
        assert [found for found in ended if isinstance(found, int)] == [1]
        others = [found for found in ended if not isinstance(found, int)]
        assert {type(found) for found in others} <= {KeyInUse, AnsweredBefore}
        assert await accounts(database) == 1


class TestExpiry:
    async def test_lets_a_key_be_used_anew(self, make_keys: MakeKeys, database: Database) -> None:
        brief = await make_keys(lifetime=NO_TIME)
        first = await brief.run(request_of(), open_account, answer)
        second = await brief.run(request_of(content=b"bob"), open_account, answer)
        assert (first, second) == (1, 2)

    async def test_a_key_used_anew_has_the_new_answer(
        self, keys: IdempotencyKeys, make_keys: MakeKeys, database: Database
    ) -> None:
        await (await make_keys(lifetime=NO_TIME)).run(request_of(), open_account, answer)
        await keys.run(request_of(content=b"bob"), open_account, answer)
        with pytest.raises(AnsweredBefore) as found:
            await keys.run(request_of(content=b"bob"), open_account, answer)
        assert found.value.answer == answer(2)


class TestSweep:
    async def test_deletes_what_has_expired_alone(
        self, keys: IdempotencyKeys, make_keys: MakeKeys, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_keys, "SWEPT_AT_ONCE", 2)
        brief = await make_keys(lifetime=NO_TIME)
        for number in range(5):
            await brief.run(request_of(key=f"old-{number}"), open_account, answer)
        await keys.run(request_of(), open_account, answer)
        assert (await keys.sweep(), await keys.sweep()) == (5, 0)
        assert await rows(database) == 1

    async def test_happens_by_itself_and_outlives_faults(
        self, make_keys: MakeKeys, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_keys, "SWEEP_SECONDS", 0.01)
        brief = await make_keys(lifetime=NO_TIME)
        async with database.writer.begin() as connection:
            await connection.execute(text("ALTER TABLE keys RENAME TO elsewhere"))
        async with brief.swept():
            await asyncio.sleep(0.05)
            async with database.writer.begin() as connection:
                await connection.execute(text("ALTER TABLE elsewhere RENAME TO keys"))
            await brief.run(request_of(), open_account, answer)
            async with asyncio.timeout(10):
                while await rows(database):  # noqa: ASYNC110 - another task changes the database
                    await asyncio.sleep(0.01)
