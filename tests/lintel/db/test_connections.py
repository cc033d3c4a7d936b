"""Connections that were idle, and servers that go away."""

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import text

from lintel.db import Database, _engines
from lintel.errors import Unavailable
from tests.lintel.db.conftest import (
    ON_POSTGRESQL,
    SOON,
    DatabaseFactory,
    backend,
    owners,
    value,
)
from tests.lintel.db.relay import Relay

pytestmark = pytest.mark.anyio


@ON_POSTGRESQL
class TestConnectionsThatWereIdle:
    @pytest.fixture
    def pings(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """One entry for each time the server was asked whether it is there."""
        seen: list[str] = []
        ping = _engines._ping

        def count(connection: Any) -> None:
            seen.append("ping")
            ping(connection)

        monkeypatch.setattr(_engines, "_ping", count)
        return seen

    async def test_are_not_asked_under_load(self, database: Database, pings: list[str]) -> None:
        for _ in range(5):
            await owners(database)
        assert pings == []

    async def test_are_asked_after_a_rest(
        self, database: Database, pings: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await owners(database)
        monkeypatch.setattr("lintel.db._engines.MAX_REST_SECONDS", 0.0)
        await owners(database)
        assert pings == ["ping"]

    async def test_are_replaced_when_nobody_answers(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        async with database.read() as connection:
            before = await backend(connection)

        def silence(_: Any) -> None:
            raise TimeoutError

        monkeypatch.setattr(_engines, "_ping", silence)
        monkeypatch.setattr("lintel.db._engines.MAX_REST_SECONDS", 0.0)
        async with database.read() as connection:
            assert await backend(connection) != before
        assert database.checked_out() == 0


@ON_POSTGRESQL
class TestServersThatGoAway:
    """After connections were made to them, so that the pool has some at hand."""

    async def test_are_unavailable_and_found_again(self, make_database: DatabaseFactory, empty_url: str) -> None:
        async with Relay.to(empty_url) as relay:
            database = await make_database(database_url=relay.url)
            await value(database, "SELECT 1")
            relay.go_away()
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await database.fetch_all(text("SELECT 1"))
                with pytest.raises(Unavailable):
                    async with database.read():
                        pass
            assert database.checked_out() == 0
            relay.come_back()
            assert await database.fetch_all(text("SELECT 1 AS one")) == [{"one": 1}]

    async def test_leave_nothing_behind_when_nobody_waits_for_them(
        self, make_database: DatabaseFactory, empty_url: str
    ) -> None:
        async with Relay.to(f"{empty_url}?ssl=disable") as relay:
            database = await make_database(database_url=f"{relay.url}")
            await value(database, "SELECT 1")
            relay.go_away()
            await asyncio.sleep(0.1)  # the driver hears of it
            relay.come_back()
            relay.is_silent = True
            reading = asyncio.create_task(database.fetch_all(text("SELECT 1")))
            await asyncio.sleep(0.1)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            relay.is_silent = False
            assert database.checked_out() == 0
            assert await database.fetch_all(text("SELECT 1 AS one")) == [{"one": 1}]

    async def test_are_not_asked_for_long_whether_they_are_there(
        self, make_database: DatabaseFactory, empty_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_engines, "MAX_REST_SECONDS", 0.0)
        monkeypatch.setattr(_engines, "PING_SECONDS", 0.1)
        async with Relay.to(empty_url) as relay:
            database = await make_database(database_url=relay.url, database_connect_timeout=0.2)
            await value(database, "SELECT 1")
            relay.is_silent, started = True, time.monotonic()
            with pytest.raises(Unavailable):
                await database.fetch_all(text("SELECT 1"))
            assert time.monotonic() - started < SOON
