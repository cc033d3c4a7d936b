import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from starlette.websockets import WebSocket
from structlog.typing import EventDict

from lintel.errors import Unavailable
from lintel.pubsub import MemoryPubSub
from lintel.realtime import ConnectionManager, SocketLimits
from lintel.security import Access, Principal

pytestmark = pytest.mark.anyio

SECONDS = 10.0
LIMITS: dict[str, Any] = {
    "max_connections": 100, "max_per_user": 50, "max_message_bytes": 1_000, "messages_per_second": 100,
    "slow_seconds": 5, "recheck_seconds": 100,
}  # fmt: skip


class Client:
    """The other end of a WebSocket, and how its server is doing."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        self.said.put_nowait({"type": "websocket.connect"})

    async def send(self, message: MutableMapping[str, Any]) -> None:
        await self.reads.wait()
        self.sent.put_nowait(dict(message))

    async def receive(self) -> MutableMapping[str, Any]:
        return await self.said.get()

    def say(self, **values: Any) -> None:
        self.said.put_nowait({"type": "websocket.receive", "text": json.dumps(values)})

    def leave(self) -> None:
        self.said.put_nowait({"type": "websocket.disconnect", "code": 1001})

    async def frame(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            message = await self.sent.get()
        frame: dict[str, Any] = json.loads(message["text"])
        return frame

    async def code(self) -> int | None:
        """The code it is closed with, whatever came before; None if it stays open."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                while (message := await self.sent.get())["type"] != "websocket.close":
                    pass
                return int(message["code"])
        return None


class World:
    """A manager, and people who connect to it."""

    def __init__(self, **limits: Any) -> None:
        self.pubsub = MemoryPubSub()
        self.valid: Callable[[Collection[Access]], Awaitable[Collection[Access]]] = self.everybody
        self.manager = ConnectionManager(
            self.pubsub,
            limits=SocketLimits(**{**LIMITS, **limits}),
            still_valid=self.look,
            access_channel=lambda user_id: f"user:{user_id}",
        )
        self.asked: list[set[int]] = []

    async def look(self, accesses: Collection[Access]) -> Collection[Access]:
        return await self.valid(accesses)

    async def everybody(self, accesses: Collection[Access]) -> Collection[Access]:
        self.asked.append({access.principal.id for access in accesses})
        return accesses

    @asynccontextmanager
    async def client(self, user_id: int = 1, *, seconds: float = 900, **options: Any) -> AsyncIterator[Client]:
        client = Client()
        socket = WebSocket({"type": "websocket", "headers": []}, client.receive, client.send)
        await socket.accept()
        await client.sent.get()
        access = Access(Principal(user_id), time.time() + seconds)
        serving = asyncio.create_task(self.manager.serve(socket, access, **options))
        try:
            yield client
        finally:
            client.reads.set()
            client.leave()
            async with asyncio.timeout(SECONDS):
                await serving


async def anything(_: str) -> bool:
    return True


async def _talk(pubsub: MemoryPubSub, channel: str) -> None:
    """Without an end, and never with a pause as long as the one between two looks at all."""
    while True:
        await pubsub.publish(channel, {})
        await asyncio.sleep(0.01)


class TestServe:
    async def test_everybody_is_counted_and_forgotten(self) -> None:
        world = World()
        async with world.client(1) as one, world.client(1, channels=["news"]) as two, world.client(2) as three:
            for client in (one, two, three):
                assert (await client.frame())["type"] == "welcome"
            assert (len(world.manager), world.manager.users(), world.manager.listeners("news")) == (3, {1: 2, 2: 1}, 1)
        assert (len(world.manager), world.manager.users(), world.manager.listeners("news")) == (0, {}, 0)
        assert world.pubsub._fanout._subscriptions == set()
        assert world.manager._connections._by_channel == {}

    async def test_a_hundred_hear_one_broadcast(self) -> None:
        world = World(max_per_user=100)
        async with asyncio.TaskGroup() as group:

            async def listen() -> None:
                async with world.client(channels=["news"]) as client:
                    await client.frame()
                    assert (await client.frame())["data"] == {"text": "hello"}

            tasks = [group.create_task(listen()) for _ in range(100)]
            while world.manager.listeners("news") < 100:  # noqa: ASYNC110 - connecting sets no event
                await asyncio.sleep(0)
            await asyncio.sleep(0.01)
            await world.pubsub.publish("news", {"text": "hello"})
        assert all(task.done() for task in tasks)

    @pytest.mark.parametrize(
        ("limits", "seconds", "code"),
        [({"max_per_user": 0}, 900, 1008), ({"max_connections": 0}, 900, 1013), ({}, -1, 4401)],
    )
    async def test_those_who_may_not_are_closed(self, limits: dict[str, int], seconds: float, code: int) -> None:
        async with World(**limits).client(seconds=seconds) as client:
            assert await client.code() == code


class TestSlow:
    async def test_one_that_reads_again_in_time_is_told_to_read_anew(self) -> None:
        world = World()
        async with world.client(channels=["news"]) as slow, world.client(channels=["news"]) as quick:
            await slow.frame()
            await quick.frame()
            slow.reads.clear()
            for number in range(200):
                await world.pubsub.publish("news", {"number": number})
                assert (await quick.frame())["data"] == {"number": number}
            slow.reads.set()
            kinds = [(await slow.frame())["type"]]
            while kinds[-1] != "resync":
                kinds.append((await slow.frame())["type"])
            assert len(kinds) <= 2

    async def test_one_that_does_not_is_dropped(self) -> None:
        world = World(slow_seconds=0.05)
        async with world.client(channels=["news"]) as slow:
            await slow.frame()
            slow.reads.clear()
            await world.pubsub.publish("news", {})
            async with asyncio.timeout(SECONDS):
                while len(world.manager):  # noqa: ASYNC110 - leaving sets no event
                    await asyncio.sleep(0.01)


class TestCommands:
    async def test_nothing_is_answered_before_the_welcome(self) -> None:
        async with World().client(may_hear=anything) as client:
            client.reads.clear()
            client.say(type="ping")
            await asyncio.sleep(0.01)
            client.reads.set()
            assert [(await client.frame())["type"] for _ in range(2)] == ["welcome", "pong"]

    async def test_channels_are_bounded(self) -> None:
        async with World().client(may_hear=anything) as client:
            await client.frame()
            for number in range(32):
                client.say(type="subscribe", channel=f"job:{number}")
                assert (await client.frame())["type"] == "subscribed"
            client.say(type="subscribe", channel="job:0")
            assert (await client.frame())["type"] == "subscribed"
            client.say(type="subscribe", channel="job:32")
            refused = await client.frame()
            assert refused["type"] == "error"
            assert refused["data"]["error_code"] == "TOO_MANY_CHANNELS"
            client.say(type="unsubscribe", channel="job:0")
            assert (await client.frame())["type"] == "unsubscribed"

    async def test_one_channel_stays_one(self) -> None:
        async with World().client(channels=["news"]) as client:
            await client.frame()
            client.say(type="subscribe", channel="job:1")
            assert (await client.frame())["data"]["error_code"] == "FORBIDDEN"

    async def test_an_outage_is_said_and_the_connection_stays(self) -> None:
        async def away(_: str) -> bool:
            raise Unavailable

        async with World().client(may_hear=away) as client:
            await client.frame()
            client.say(type="subscribe", channel="job:1")
            assert (await client.frame())["data"]["error_code"] == "SERVICE_UNAVAILABLE"

    async def test_a_large_one_closes_under_any_server(self) -> None:
        async with World().client() as client:
            client.say(type="ping", text="x" * 1_000)
            assert await client.code() == 1009

    async def test_too_many_at_once_close(self) -> None:
        async with World(messages_per_second=1).client() as client:
            for _ in range(10):
                client.say(type="ping")
            assert await client.code() == 1008


class TestWatch:
    async def test_news_of_a_user_have_only_them_looked_at(self) -> None:
        world = World()
        async with world.manager.opened(), world.client(1) as one, world.client(2) as two:
            for client in (one, two):
                await client.frame()

            async def nobody(accesses: Collection[Access]) -> Collection[Access]:
                await world.everybody(accesses)
                return []

            world.valid = nobody
            await world.pubsub.publish("user:1", {})
            assert await one.code() == 4401
            assert world.asked == [{1}]
            assert len(world.manager) == 1

    async def test_after_a_loss_of_news_all_are_looked_at(self) -> None:
        world = World()
        async with world.manager.opened(), world.client(1) as one, world.client(2) as two:
            for client in (one, two):
                await client.frame()
            world.pubsub._fanout.resync()
            async with asyncio.timeout(SECONDS):
                while not world.asked:  # noqa: ASYNC110 - asking sets no event
                    await asyncio.sleep(0)
            assert world.asked == [{1, 2}]

    async def test_a_token_that_expires_closes(self) -> None:
        world = World(recheck_seconds=0.05)
        async with world.manager.opened(), world.client(seconds=0.2) as short, world.client() as long:
            assert await short.code() == 4401
            assert (await long.frame())["type"] == "welcome"
            assert len(world.manager) == 1

    async def test_news_of_one_do_not_put_off_the_look_at_all(self) -> None:
        world = World(recheck_seconds=0.2)
        async with world.manager.opened(), world.client(1), world.client(2, seconds=0.3) as short:
            talking = asyncio.create_task(_talk(world.pubsub, "user:1"))
            try:
                assert await short.code() == 4401
            finally:
                talking.cancel()
                await asyncio.wait([talking])

    async def test_an_outage_closes_nobody(self, log_records: list[EventDict]) -> None:
        world, failed = World(recheck_seconds=0.01), asyncio.Event()

        async def away(_: Collection[Access]) -> Collection[Access]:
            failed.set()
            raise Unavailable

        world.valid = away
        async with world.manager.opened(), world.client() as client:
            await client.frame()
            async with asyncio.timeout(SECONDS):
                await failed.wait()
            client.say(type="ping")
            assert (await client.frame())["type"] == "pong"
        assert {record["log_level"] for record in log_records} == {"warning"}

    async def test_a_bug_closes_those_who_cannot_be_looked_at(self, log_records: list[EventDict]) -> None:
        world = World(recheck_seconds=0.01)

        async def broken(_: Collection[Access]) -> Collection[Access]:
            raise ZeroDivisionError

        world.valid = broken
        async with world.manager.opened(), world.client() as client:
            assert await client.code() == 1011
            world.valid = world.everybody
        assert log_records[0]["log_level"] == "error"

    async def test_the_end_closes_all(self) -> None:
        world = World()
        async with world.client() as client:
            async with world.manager.opened():
                await client.frame()
            assert await client.code() == 1001

    async def test_the_end_of_the_carrier_closes_all(self) -> None:
        world = World(recheck_seconds=0.01)
        async with world.pubsub.opened(), world.manager.opened(), world.client() as client:
            await client.frame()
            world.pubsub._fanout.close()
            assert await client.code() == 1001
