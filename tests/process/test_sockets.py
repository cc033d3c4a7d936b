"""acceptance.md rows 78 and 96, of WebSockets: over a real server, with a real client."""

import asyncio
import socket as sockets
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.conftest import Saw
from tests.process.conftest import ServerProcess, environment, server_process
from tests.process.sockets import ADMIN, Socket, Visitor, code_of, register, sign_in

pytestmark = pytest.mark.anyio

FREE = {**ADMIN, "RATE_LIMIT_PER_MINUTE": "0"}
FEW = {"WS_MAX_PER_USER": "3", "WS_MAX_CONNECTIONS": "5"}
GUARD = 60
HANDSHAKE = (
    "GET /api/v1/ws/news HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {}\r\n\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One for all who do not end it."""
    folder = tmp_path_factory.mktemp("sockets")
    env = environment(folder / "data", **FREE, **FEW, LOG_LEVEL="DEBUG", LOG_FORMAT="json")
    with server_process(["app", "serve", "--prepare"], folder, env) as running:
        yield running


@pytest.fixture(scope="module")
def root(server: ServerProcess) -> Visitor:
    """An administrator."""
    return sign_in(server)


@pytest.fixture(scope="module")
def ada(server: ServerProcess) -> Visitor:
    """A user."""
    return register(server)


@pytest.fixture(autouse=True)
def guard(anyio_backend: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < GUARD


class TestOpening:
    async def test_with_a_ticket_once(self, ada: Visitor) -> None:
        address = f"{ada.address}?ticket={ada.ticket()}"
        async with connect(address) as first, connect(address) as second:
            assert "welcome" in str(await first.recv())
            assert await code_of(second) == 4401

    async def test_with_a_token_as_a_subprotocol(self, ada: Visitor) -> None:
        async with connect(ada.address, subprotocols=["bearer", ada.token], origin=ada.server.url) as connection:  # type: ignore[list-item, arg-type]
            assert connection.subprotocol == "bearer"
            assert "welcome" in str(await connection.recv())

    @pytest.mark.parametrize("query", ["", "?ticket=", "?ticket=no", f"?ticket={'x' * 500}", "?ticket=%00"])
    async def test_without_either_closes_4401(self, ada: Visitor, query: str) -> None:
        async with connect(f"{ada.address}{query}") as connection:
            assert await code_of(connection) == 4401

    async def test_with_an_api_key_closes_4401(self, ada: Visitor) -> None:
        made = ada.request("POST", "/auth/api-keys", json={"name": "x", "scopes": ["jobs:read"]}).json()
        async with connect(ada.address, additional_headers={"X-API-Key": made["key"]}) as connection:
            assert await code_of(connection) == 4401

    @pytest.mark.parametrize("token", ["no", "a.b.c"])
    async def test_with_a_token_that_is_none_closes_4401(self, ada: Visitor, token: str) -> None:
        async with connect(ada.address, additional_headers={"Authorization": f"Bearer {token}"}) as connection:
            assert await code_of(connection) == 4401

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1", "http://[", "ws://x"])
    async def test_from_a_foreign_page_is_refused(self, ada: Visitor, origin: str) -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(ada.address, additional_headers=ada.headers, origin=origin):  # type: ignore[arg-type]
                pass
        assert refused.value.response.status_code == 403
        assert b"FORBIDDEN" in refused.value.response.body

    @pytest.mark.parametrize("path", ["/other", "/user:1", "/tickets", "/job:1"])
    async def test_what_is_not_theirs_is_refused(self, ada: Visitor, path: str) -> None:
        async with connect(f"{ada.address}{path}", additional_headers=ada.headers) as connection:
            assert await code_of(connection) == 1008

    async def test_one_too_many_of_a_user_is_refused_and_one_too_many_of_all(self, ada: Visitor, root: Visitor) -> None:
        async with AsyncExitStack() as stack:
            for _ in range(3):
                await stack.enter_async_context(ada.connected())
            async with connect(ada.address, additional_headers=ada.headers) as connection:
                assert await code_of(connection) == 1008
            for _ in range(2):
                await stack.enter_async_context(root.connected())
            async with connect(root.address, additional_headers=root.headers) as connection:
                assert await code_of(connection) == 1013
        async with ada.connected():  # all are given back
            pass


class TestTalking:
    async def test_a_public_channel_is_heard_by_all_who_asked(self, ada: Visitor, root: Visitor) -> None:
        async with ada.connected("/news") as one, ada.connected() as two, root.connected() as deaf:
            assert (await two.say(type="subscribe", channel="news"))["type"] == "subscribed"
            sent = root.request("POST", "/ws/news/messages", json={"data": {"text": "hello ü"}})
            assert (sent.status_code, sent.json()) == (202, {"channel": "news", "receivers": 2})
            frames = [await one.frame(), await two.frame()]
            assert frames[0]["id"] == frames[1]["id"]
            assert {key: frames[0][key] for key in ("type", "channel", "data")} == {
                "type": "message", "channel": "news", "data": {"text": "hello ü"},
            }  # fmt: skip
            assert (await two.say(type="unsubscribe", channel="news"))["type"] == "unsubscribed"
            assert root.request("POST", "/ws/news/messages", json={"data": {}}).json()["receivers"] == 1
            assert (await deaf.say(type="ping"))["type"] == "pong"  # and nothing before it

    async def test_a_message_to_one_user(self, ada: Visitor, root: Visitor) -> None:
        number = ada.request("GET", "/users/me").json()["id"]
        async with ada.connected() as socket, root.connected() as other:
            sent = root.request("POST", f"/ws/user:{number}/messages", json={"data": {"for": "you"}})
            assert sent.json()["receivers"] == 1
            assert (await socket.frame())["data"] == {"for": "you"}
            assert (await other.say(type="ping"))["type"] == "pong"

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ('{"type":"subscribe","channel":"user:1"}', "FORBIDDEN"),
            ('{"type":"subscribe","channel":"other"}', "FORBIDDEN"),
            ('{"type":"subscribe"}', "BAD_MESSAGE"),
            ('{"type":"ping","more":1}', "BAD_MESSAGE"),
            ("[" * 10_000, "BAD_MESSAGE"),
            ("", "BAD_MESSAGE"),
        ],
    )
    async def test_what_is_wrong_is_said_and_the_connection_stays(self, ada: Visitor, said: str, code: str) -> None:
        async with ada.connected() as socket:
            await socket.connection.send(said)
            frame = await socket.frame()
            assert frame["type"] == "error"
            assert frame["data"]["error_code"] == code
            assert (await socket.say(type="ping"))["type"] == "pong"

    async def test_bytes_close_1003(self, ada: Visitor) -> None:
        async with ada.connected() as socket:
            await socket.connection.send(b"bytes")
            assert await socket.code() == 1003

    @pytest.mark.parametrize("size", [16_385, 16 * 1024 * 1024])
    async def test_a_large_message_closes_1009(self, ada: Visitor, size: int) -> None:
        async with ada.connected() as socket:
            sending = asyncio.ensure_future(socket.connection.send("x" * size))
            assert await socket.code() == 1009
            await asyncio.wait([sending])
            sending.cancelled() or sending.exception()

    async def test_a_flood_closes_1008_and_nobody_else(self, ada: Visitor) -> None:
        async with ada.connected() as socket, ada.connected() as other:
            for _ in range(100):
                await socket.connection.send('{"type":"ping"}')
            assert await socket.code() == 1008
            assert (await other.say(type="ping"))["type"] == "pong"


class TestEnd:
    async def test_of_the_account_closes_4401(self, server: ServerProcess, root: Visitor) -> None:
        for step, change in enumerate([{"status": "inactive"}, {"role": "moderator"}, None]):
            bob = register(server, f"bob{step}@example.com")
            number = bob.request("GET", "/users/me").json()["id"]
            async with bob.connected() as socket, root.connected() as other:
                method = "DELETE" if change is None else "PATCH"
                answer = root.request(method, f"/users/{number}", **({} if change is None else {"json": change}))
                assert answer.status_code in {200, 204}
                assert await socket.code() == 4401
                assert (await other.say(type="ping"))["type"] == "pong"

    async def test_what_changes_nothing_closes_nothing(self, ada: Visitor) -> None:
        async with ada.connected() as socket:
            ada.request("PATCH", "/users/me", json={"full_name": "Ada King"})
            assert (await socket.frame())["data"] == {"event": "account.changed"}
            assert (await socket.say(type="ping"))["type"] == "pong"

    async def test_an_abrupt_one_is_noticed(self, ada: Visitor) -> None:
        for _ in range(4):  # one more than a user may have
            async with ada.connected() as socket:
                socket.connection.transport.abort()
                await socket.connection.wait_closed()
        await asyncio.sleep(0)

    async def test_nothing_secret_is_in_the_log(self, ada: Visitor) -> None:
        ticket = ada.ticket()
        async with connect(f"{ada.address}?ticket={ticket}") as connection:
            await connection.recv()
            await connection.send('{"type":"ping", "canary": 1}')
            await connection.recv()
        async with ada.connected():
            pass
        for secret in (ticket, ada.token, "canary"):
            assert secret not in ada.server.output
        assert '"message":"websocket"' in ada.server.output.replace('": "', '":"')
        assert '"level":"error"' not in ada.server.output.replace('": "', '":"')


@pytest.mark.slow
class TestShutdown:
    @pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.services)])
    async def test_closes_1001_and_ends_soon(
        self, tmp_path: Path, request: pytest.FixtureRequest, workers: int
    ) -> None:
        values = {"REDIS_URL": request.getfixturevalue("redis_url")} if workers > 1 else {}
        with serving(tmp_path, **values, WORKERS=str(workers), WS_MAX_PER_USER="100") as server:
            root = sign_in(server)
            async with AsyncExitStack() as stack:
                open_ones = [await stack.enter_async_context(root.connected()) for _ in range(20)]
                started = time.monotonic()
                ending = asyncio.ensure_future(asyncio.to_thread(server.stop))
                assert [await each.code() for each in open_ones] == [1001] * 20
                assert await ending == 0
            assert time.monotonic() - started < 10
            assert "error" not in server.output.lower().replace("uvicorn.error", "")


@pytest.mark.slow
class TestDead:
    async def test_one_that_does_not_answer_is_dropped(self, tmp_path: Path) -> None:
        heartbeat = {"WS_HEARTBEAT_SECONDS": "0.2", "WS_TIMEOUT_SECONDS": "0.2", "WS_MAX_PER_USER": "1"}
        with serving(tmp_path, **heartbeat) as server:
            root = sign_in(server)
            with shaken_hands(root) as silent:
                silent.settimeout(GUARD)
                while silent.recv(10_000):  # a welcome, a ping, a close, and the end
                    pass
            async with root.connected():
                pass


@pytest.mark.slow
class TestSlow:
    @pytest.mark.fault(
        "a WebSocket whose client reads nothing", "it is dropped; everybody else hears each message meanwhile"
    )
    async def test_a_slow_reader_delays_nobody_and_is_dropped(self, tmp_path: Path, saw: Saw) -> None:
        with serving(tmp_path, WS_SLOW_SECONDS="0.5") as server:
            root = sign_in(server)
            async with root.connected("/news") as quick:
                with shaken_hands(root):
                    sent = await self.until_one_is_left(root, quick)
            assert sent > 1
            assert "[error" not in server.output
        saw(f"dropped after {sent} messages of 4 KB; the other one heard all {sent}")

    @staticmethod
    async def until_one_is_left(root: Visitor, quick: Socket) -> int:
        """Send large messages until the slow one is gone; the quick one hears each. Returns how many were sent."""
        data = {"text": "x" * 4_000}
        async with httpx2.AsyncClient(base_url=root.server.url, headers=root.headers) as client:
            for count in range(1, 20_000):
                answer = await client.post("/api/v1/ws/news/messages", json={"data": data})
                assert (await quick.frame())["data"] == data
                if answer.json()["receivers"] == 1:
                    return count
        raise AssertionError("the slow one was never dropped")


@contextmanager
def serving(folder: Path, **values: str) -> Iterator[ServerProcess]:
    """A server of the test's own."""
    env = environment(folder / "data", **FREE, **values)
    with server_process(["app", "serve", "--prepare"], folder, env) as server:
        yield server


@contextmanager
def shaken_hands(visitor: Visitor) -> Iterator[sockets.socket]:
    """A WebSocket without a client behind it, with little room for what it is sent."""
    with sockets.socket() as connection:
        connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", int(visitor.server.url.rpartition(":")[2])))
        connection.sendall(HANDSHAKE.format(visitor.token).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 101")
        yield connection


@pytest.mark.slow
@pytest.mark.services
class TestSeveralProcesses:
    @pytest.fixture(params=["redis", "postgresql"])
    def carrier(self, request: pytest.FixtureRequest) -> dict[str, str]:
        """What the processes share."""
        if request.param == "redis":
            return {"REDIS_URL": request.getfixturevalue("redis_url")}
        return {"DATABASE_URL": request.getfixturevalue("postgres_database")}

    @pytest.mark.fault(
        "a subscriber is suspended at another server process",
        "news between processes close its WebSocket with 4401 at once; without them the next look does",
    )
    async def test_hear_each_other(self, tmp_path: Path, carrier: dict[str, str], saw: Saw) -> None:
        with ExitStack() as stack:
            servers = [serving(tmp_path, **carrier, REALTIME_RECHECK_SECONDS="60") for _ in range(2)]
            one, two = (stack.enter_context(server) for server in servers)
            root = sign_in(one)
            bob = register(two, "bob@example.com")
            ticket = root.ticket()
            async with root.at(two).connected("/news") as far, bob.connected() as doomed:
                sent = root.request("POST", "/ws/news/messages", json={"data": {"from": "one"}})
                assert sent.json()["receivers"] == 0
                assert (await far.frame())["data"] == {"from": "one"}
                number = bob.request("GET", "/users/me").json()["id"]
                assert root.request("PATCH", f"/users/{number}", json={"status": "suspended"}).status_code == 200
                started = time.monotonic()
                assert await doomed.code() == 4401
                took = time.monotonic() - started
            taken = [f"{visitor.address}?ticket={ticket}" for visitor in (root, root.at(two))]
            async with connect(taken[0]) as first, connect(taken[1]) as second:
                ends = await asyncio.gather(first.recv(), second.recv(), return_exceptions=True)
            assert sorted(isinstance(end, Exception) for end in ends) == [False, True]
        saw(f"4401 after {took * 1_000:.0f} ms over {next(iter(carrier)).partition('_')[0].capitalize()}")


@pytest.mark.slow
class TestMemory:
    @pytest.mark.fault(
        "500 idle WebSockets", "each costs little memory and one descriptor; SIGTERM closes all with 1001, exit 0"
    )
    async def test_idle_sockets_cost_little_and_end_with_the_service(self, tmp_path: Path, saw: Saw) -> None:
        with serving(tmp_path, WS_MAX_PER_USER="1000") as server:
            root = sign_in(server)
            async with AsyncExitStack() as stack:
                for _ in range(50):
                    await stack.enter_async_context(root.connected("/news"))
                before, opened = self.resident(server.process.pid), self.descriptors(server.process.pid)
                idle = [await stack.enter_async_context(root.connected("/news")) for _ in range(500)]
                each = (self.resident(server.process.pid) - before) / 500
                opened = self.descriptors(server.process.pid) - opened
                assert root.request("POST", "/ws/news/messages", json={"data": {}}).json()["receivers"] == 550
                ending = asyncio.ensure_future(asyncio.to_thread(server.stop))
                assert [await one.code() for one in idle] == [1001] * 500
                assert await ending == 0
            assert each < 150  # KiB; 51 when it was measured
            assert opened < 510
        saw(f"{each:.0f} KiB and {opened / 500:.1f} descriptors each; 500 of 500 closed with 1001, exit 0")

    @staticmethod
    def descriptors(pid: int) -> int:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))

    @staticmethod
    def resident(pid: int) -> int:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        return int(status.partition("VmRSS:")[2].split()[0])
