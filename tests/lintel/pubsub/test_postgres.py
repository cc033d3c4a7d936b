import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url
from structlog.typing import EventDict

from lintel.pubsub import PostgresPubSub, Resync
from lintel.testing import postgres_server
from lintel.testing.conformance import PubSubConformance
from lintel.testing.conformance._pubsub import heard, heard_data

pytestmark = [pytest.mark.anyio, pytest.mark.services]


@pytest.fixture
def channel_of_server() -> str:
    """Where nobody else of this run speaks."""
    return f"lintel_{uuid4().hex}"


@pytest.fixture
async def pubsub(postgres_url: str, channel_of_server: str) -> AsyncIterator[PostgresPubSub]:
    pubsub = PostgresPubSub(make_url(postgres_url), channel=channel_of_server)
    async with pubsub.opened():
        yield pubsub


@pytest.fixture
async def other(postgres_url: str, channel_of_server: str) -> AsyncIterator[PostgresPubSub]:
    other = PostgresPubSub(make_url(postgres_url), channel=channel_of_server)
    async with other.opened():
        yield other


class TestConformance(PubSubConformance): ...


class TestServer:
    async def test_what_others_send_on_our_channel_does_no_harm(
        self, pubsub: PostgresPubSub, other: PostgresPubSub, postgres_url: str, channel_of_server: str
    ) -> None:
        connection = await asyncpg.connect(postgres_url)
        async with pubsub.subscribe("news") as subscription:
            for line in ("", "a b news {", "a b c"):
                await connection.execute("SELECT pg_notify($1, $2)", channel_of_server, line)
            await other.publish("news", {"from": "us"})
            assert await heard_data(subscription, 1) == [{"from": "us"}]
        await connection.close()

    async def test_many_at_once_take_turns_on_one_connection(
        self, pubsub: PostgresPubSub, other: PostgresPubSub, postgres_url: str
    ) -> None:
        async with other.subscribe("news") as subscription:
            await asyncio.gather(*(pubsub.publish("news", {"number": number}) for number in range(50)))
            numbers = [data["number"] for data in await heard_data(subscription, 50)]
        assert sorted(numbers) == list(range(50))

    async def test_a_url_of_sqlalchemy_is_read_as_the_engines_read_it(self, postgres_url: str) -> None:
        url = make_url(postgres_url).update_query_dict({"prepared_statement_cache_size": "0", "ssl": "disable"})
        pubsub = PostgresPubSub(url)
        async with pubsub.opened():
            assert pubsub._link is not None


class TestOutage:
    async def test_a_connection_that_was_terminated_is_made_anew_and_told(
        self, postgres_url: str, pubsub: PostgresPubSub, other: PostgresPubSub, log_records: list[EventDict]
    ) -> None:
        async with pubsub.subscribe("news") as subscription:
            pid = pubsub._link._connection.get_server_pid()  # type: ignore[union-attr]
            connection = await asyncpg.connect(postgres_url)
            await connection.execute("SELECT pg_terminate_backend($1)", pid)
            await connection.close()
            assert await heard(subscription) == Resync()
            await other.publish("news", {"number": 1})
            assert await heard_data(subscription, 1) == [{"number": 1}]
        assert [record["log_level"] for record in log_records] == ["error", "warning"]

    async def test_one_that_ends_while_publishing_fails_nobody(self, postgres_url: str, pubsub: PostgresPubSub) -> None:
        connection = await asyncpg.connect(postgres_url)
        async with pubsub.subscribe("news") as subscription:
            pid = pubsub._link._connection.get_server_pid()  # type: ignore[union-attr]
            await asyncio.gather(
                connection.execute("SELECT pg_terminate_backend($1)", pid),
                *(pubsub.publish("news", {"number": number}) for number in range(20)),
            )
            while await heard(subscription) != Resync():
                pass
        await connection.close()

    async def test_a_server_that_hangs_costs_one_deadline(self, log_records: list[EventDict]) -> None:
        with postgres_server() as server:
            pubsub = PostgresPubSub(make_url(server.url), deadline=0.2)
            async with pubsub.opened(), pubsub.subscribe("news") as subscription:
                backend = pubsub._link._connection.get_server_pid()  # type: ignore[union-attr]
                for pid in (server.pid, backend):
                    os.kill(pid, signal.SIGSTOP)
                try:
                    started = time.perf_counter()
                    for _ in range(20):
                        await pubsub.publish("news", {})
                    assert 0.2 <= time.perf_counter() - started < 2
                finally:
                    for pid in (server.pid, backend):
                        os.kill(pid, signal.SIGCONT)
                while await heard(subscription) != Resync():
                    pass
        assert [record["log_level"] for record in log_records] == ["error", "warning"]

    async def test_away_from_the_start_keeps_nobody_from_starting(self, log_records: list[EventDict]) -> None:
        pubsub = PostgresPubSub(make_url("postgresql://ada:hunter2@127.0.0.1:1/words"))
        async with pubsub.opened(), pubsub.subscribe("news") as subscription:
            await pubsub.publish("news", {"number": 1})
            assert await heard_data(subscription, 1) == [{"number": 1}]
        assert len(log_records) == 1
        assert "hunter2" not in str(log_records)
