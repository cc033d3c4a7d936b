import asyncio
import gzip
import ssl
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry
from structlog.typing import EventDict

from lintel.context import bind_request_id, unbind_request_id
from lintel.observability import OutgoingMetrics
from lintel.outgoing import (
    Destinations,
    GuardedTransport,
    OutgoingRefused,
    OutgoingTimeout,
    OutgoingTooLarge,
    OutgoingUnavailable,
    outgoing_of,
)
from lintel.settings import LintelSettings, OutgoingSettings, SettingsError, load_settings
from tests.lintel.outgoing.conftest import HOST, MakeOutgoing, Names, Network, Serve, answering

pytestmark = pytest.mark.anyio

URL = f"http://{HOST}/hooks/secret?token=secret"


class TestRequest:
    async def test_carries_what_it_is_given(self, make_outgoing: MakeOutgoing, network: Network, serve: Serve) -> None:
        seen: list[bytes] = []
        network.servers[80] = await serve(answering("201 Created\r\nx-answer: 1", b'{"a": 1}', seen))
        token = bind_request_id("request-id-0001")
        try:
            answer = await make_outgoing(user_agent="Words/1").request(
                "POST", URL, headers={"Authorization": "Bearer t"}, json={"b": 2}
            )
        finally:
            unbind_request_id(token)
        assert (answer.status, answer.is_success, answer.json()) == (201, True, {"a": 1})
        assert (answer.headers["x-answer"], answer.url, answer.is_truncated) == ("1", URL, False)
        head, _, body = seen[0].decode().partition("\r\n\r\n")
        lines = {line.lower() for line in head.split("\r\n")}
        assert body == '{"b":2}'
        assert "post /hooks/secret?token=secret http/1.1" in lines
        assert lines >= {"authorization: bearer t", "x-request-id: request-id-0001", "user-agent: words/1"}
        assert lines >= {"accept-encoding: identity", "content-type: application/json", f"host: {HOST}"}

    async def test_no_status_is_an_error(self, make_outgoing: MakeOutgoing, network: Network, serve: Serve) -> None:
        network.servers[80] = await serve(answering("503 Busy", b"no"))
        answer = await make_outgoing().request("GET", URL)
        assert (answer.status, answer.is_success, answer.content) == (503, False, b"no")
        with pytest.raises(OutgoingUnavailable) as failed:
            answer.json()
        assert failed.value.reason == "not JSON"

    async def test_cookies_are_not_kept(self, make_outgoing: MakeOutgoing, network: Network, serve: Serve) -> None:
        seen: list[bytes] = []
        network.servers[80] = await serve(answering("200 OK\r\nset-cookie: a=1; Path=/", b"", seen))
        outgoing = make_outgoing()
        await outgoing.request("GET", URL)
        await outgoing.request("GET", URL)
        assert len(seen) == 2
        assert b"cookie" not in seen[1].lower()

    @pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection"])
    async def test_callers_do_not_say_where_it_goes_or_ends(self, make_outgoing: MakeOutgoing, name: str) -> None:
        with pytest.raises(ValueError, match="no header for callers"):
            await make_outgoing().request("GET", URL, headers={name: "inner"})

    async def test_headers_cannot_begin_another(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve
    ) -> None:
        network.servers[80] = await serve(answering("200 OK"))
        with pytest.raises(OutgoingUnavailable):
            await make_outgoing().request("GET", URL, headers={"X-A": "1\r\nX-B: 2"})

    async def test_proxies_of_the_environment_are_not_used(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9/")
        network.servers[80] = await serve(answering("200 OK"))
        assert (await make_outgoing().request("GET", URL)).status == 200

    async def test_an_address_is_refused_before_anything_is_sent(
        self, make_outgoing: MakeOutgoing, network: Network, names: Names
    ) -> None:
        outgoing = make_outgoing()
        for url in ("file:///etc/passwd", "http://127.0.0.1/", "http://user:password@example.com/"):
            with pytest.raises(OutgoingRefused):
                await outgoing.request("GET", url)
            with pytest.raises(OutgoingRefused):
                outgoing.check_url(url)
        assert network.connected == []
        assert names.asked == []


class TestDeadlines:
    @pytest.fixture
    async def silent(self, network: Network, serve: Serve) -> None:
        async def handle(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(60)

        network.servers[80] = await serve(handle)

    @pytest.mark.parametrize(("limits", "reason"), [({"read": 0.05}, "ReadTimeout"), ({"total": 0.05}, "total")])
    @pytest.mark.usefixtures("silent")
    async def test_silence(self, make_outgoing: MakeOutgoing, limits: dict[str, float], reason: str) -> None:
        with pytest.raises(OutgoingTimeout) as failed:
            await make_outgoing(**limits).request("GET", URL)
        assert failed.value.reason == reason

    @pytest.mark.usefixtures("silent")
    async def test_a_call_may_have_a_deadline_of_its_own(self, make_outgoing: MakeOutgoing) -> None:
        started = time.monotonic()
        with pytest.raises(OutgoingTimeout):
            await make_outgoing(read=60, total=60).request("GET", URL, seconds=0.05)
        assert time.monotonic() - started < 10

    @pytest.mark.usefixtures("silent")
    async def test_the_callers_own_deadline_stays_theirs(self, make_outgoing: MakeOutgoing) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await make_outgoing().request("GET", URL)

    async def test_what_a_caller_raises_stays_theirs(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve
    ) -> None:
        network.servers[80] = await serve(answering("200 OK"))
        with pytest.raises(TimeoutError):
            async with make_outgoing().stream("GET", URL):
                raise TimeoutError

    @pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"])
    async def test_drop_by_drop(self, make_outgoing: MakeOutgoing, network: Network, serve: Serve, head: bytes) -> None:
        async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(head)
            for _piece in range(200):  # ten times as long as is waited for
                writer.write(b"1\r\nx\r\n" if head else b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
            writer.write(b"0\r\n\r\n")

        network.servers[80] = await serve(handle)
        with pytest.raises(OutgoingTimeout) as failed:
            await make_outgoing(total=0.2).request("GET", URL)
        assert failed.value.reason == "total"

    @pytest.mark.usefixtures("silent")
    async def test_waiting_for_a_connection(self, make_outgoing: MakeOutgoing) -> None:
        outgoing = make_outgoing(max_connections=1, read=0.3)
        first = asyncio.create_task(outgoing.request("GET", URL))
        await asyncio.sleep(0.05)
        with pytest.raises(OutgoingTimeout) as failed:
            await outgoing.request("GET", URL, seconds=0.1)
        assert failed.value.reason == "total"
        with pytest.raises(OutgoingTimeout):
            await first


class TestSizes:
    async def test_a_long_answer_is_not_read(self, make_outgoing: MakeOutgoing, network: Network, serve: Serve) -> None:
        network.servers[80] = await serve(answering("200 OK", b"x" * 2_000))
        outgoing = make_outgoing(max_bytes=1_999)
        with pytest.raises(OutgoingTooLarge) as failed:
            await outgoing.request("GET", URL)
        assert failed.value.reason == "content-length"
        assert len((await outgoing.request("GET", URL, max_bytes=2_000)).content) == 2_000

    @pytest.fixture
    async def endless(self, network: Network, serve: Serve) -> list[int]:
        written = [0]

        async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for _piece in range(5_000):  # 20 MB: as good as endless, but for who reads it all
                writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                await writer.drain()
                written[0] += 4096
            writer.write(b"0\r\n\r\n")

        network.servers[80] = await serve(handle)
        return written

    async def test_an_endless_one_is_cut_off(self, make_outgoing: MakeOutgoing, endless: list[int]) -> None:
        with pytest.raises(OutgoingTooLarge) as failed:
            await make_outgoing(max_bytes=100_000).request("GET", URL)
        assert failed.value.reason == "body"
        await asyncio.sleep(0.05)
        sent = endless[0]
        await asyncio.sleep(0.05)
        assert endless[0] == sent  # the connection is closed

    @pytest.mark.usefixtures("endless")
    async def test_or_its_beginning_is_enough(self, make_outgoing: MakeOutgoing) -> None:
        answer = await make_outgoing(max_bytes=100_000).request("GET", URL, truncate=True, max_bytes=5_000)
        assert (answer.status, answer.content, answer.is_truncated) == (200, b"x" * 5_000, True)

    async def test_what_fits_is_not_truncated(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve
    ) -> None:
        network.servers[80] = await serve(answering("200 OK", b"12345"))
        answer = await make_outgoing().request("GET", URL, truncate=True, max_bytes=5)
        assert (answer.content, answer.is_truncated) == (b"12345", False)

    async def test_what_is_compressed_is_not_unpacked(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve
    ) -> None:
        bomb = gzip.compress(b"0" * 10_000_000)
        network.servers[80] = await serve(
            answering(f"200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(bomb)}", bomb)
        )
        with pytest.raises(OutgoingUnavailable) as failed:
            await make_outgoing().request("GET", URL)
        assert failed.value.reason == "compressed"

    async def test_endless_headers(self, make_outgoing: MakeOutgoing, network: Network, serve: Serve) -> None:
        async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                writer.write(b"x-header: " + b"x" * 4096 + b"\r\n")
                await writer.drain()

        network.servers[80] = await serve(handle)
        with pytest.raises(OutgoingUnavailable):
            await make_outgoing().request("GET", URL)


class TestStream:
    async def test_comes_in_parts(self, make_outgoing: MakeOutgoing, network: Network, serve: Serve) -> None:
        network.servers[80] = await serve(answering("200 OK", b"x" * 300_000))
        async with make_outgoing().stream("GET", URL) as stream:
            parts = [part async for part in stream.chunks()]
        assert (stream.status, stream.received, stream.url) == (200, 300_000, URL)
        assert len(parts) > 1


class TestBroken:
    @pytest.mark.parametrize(
        "said", [b"", b"SSH-2.0-secret\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nsecret"]
    )
    async def test_says_nothing_of_what_was_said(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve, log_records: list[EventDict], said: bytes
    ) -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(said)

        network.servers[80] = await serve(handle)
        with pytest.raises(OutgoingUnavailable) as failed:
            await make_outgoing().request("GET", URL)
        assert failed.value.__cause__ is None
        assert "secret" not in f"{failed.value}{failed.value.reason}{log_records}"

    async def test_nobody_listens(self, make_outgoing: MakeOutgoing, network: Network, serve: Serve) -> None:
        network.servers[80] = 1  # no port for servers
        with pytest.raises(OutgoingUnavailable) as failed:
            await make_outgoing().request("GET", URL)
        assert failed.value.reason == "ConnectError"


class TestTls:
    async def test_the_name_is_kept(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve, certificate: Path
    ) -> None:
        asked: list[Any] = []
        seen: list[bytes] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        context.sni_callback = lambda _, name, __: asked.append(name)
        network.servers[443] = await serve(answering("200 OK", b"", seen), ssl=context)
        trusting = ssl.create_default_context(cafile=certificate)
        assert (await make_outgoing(tls=trusting).request("GET", f"https://{HOST}/")).status == 200
        assert asked == [HOST]
        assert f"Host: {HOST}\r\n".encode() in seen[0]

    async def test_who_is_not_known_is_not_told_anything(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve, certificate: Path, names: Names
    ) -> None:
        seen: list[bytes] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        network.servers[443] = await serve(answering("200 OK", b"", seen), ssl=context)
        with pytest.raises(OutgoingUnavailable):
            await make_outgoing().request("GET", f"https://{HOST}/")
        names.set("other.example.com", ["93.184.215.14"])
        trusting = ssl.create_default_context(cafile=certificate)
        with pytest.raises(OutgoingUnavailable):
            await make_outgoing(tls=trusting).request("GET", "https://other.example.com/")
        assert seen == []


class TestRecords:
    async def test_say_where_it_went_and_no_secret(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve, log_records: list[EventDict]
    ) -> None:
        network.servers[80] = await serve(answering("404 Not Found", b"secret"))
        registry = CollectorRegistry()
        outgoing = make_outgoing()
        outgoing.metrics = OutgoingMetrics(registry)
        await outgoing.request("POST", URL, headers={"Authorization": "secret"}, content=b"secret")
        with pytest.raises(OutgoingRefused):
            await outgoing.request("GET", "http://[::1]/secret")
        with pytest.raises(OutgoingTooLarge):
            await outgoing.request("GET", URL, max_bytes=1)
        with pytest.raises(OutgoingUnavailable):
            await outgoing.request("GET", "https://unknown.example.com/")
        with pytest.raises(OutgoingTimeout):
            await outgoing.request("GET", URL, seconds=0)
        with pytest.raises(ValueError, match="header"):
            await outgoing.request("GET", URL, headers={"host": "x"})
        first, *_ = records = [record for record in log_records if record["event"] == "outgoing call"]
        assert first["duration_ms"] >= 0
        shown = {key: value for key, value in first.items() if key in {"purpose", "method", "place", "status"}}
        assert shown == {"purpose": "tests", "method": "POST", "place": f"http://{HOST}", "status": 404}
        outcomes = ["4xx", "refused", "too_large", "unavailable", "timeout", "abandoned"]
        assert [record["outcome"] for record in records] == outcomes
        assert "secret" not in str(records)
        for outcome in outcomes:
            assert registry.get_sample_value("outgoing_requests_total", {"purpose": "tests", "outcome": outcome}) == 1
        assert registry.get_sample_value("outgoing_request_duration_seconds_count", {"purpose": "tests"}) == 6


class TestTransport:
    async def test_guards_a_client_of_somebody_else(self, network: Network, names: Names, serve: Serve) -> None:
        network.servers[80] = await serve(answering("302 Found\r\nlocation: http://169.254.169.254/"))
        transport = GuardedTransport(Destinations(), resolver=names, network=network)
        async with httpx2.AsyncClient(transport=transport, trust_env=False, follow_redirects=True) as client:
            with pytest.raises(OutgoingRefused):
                await client.get(URL)
        assert len(network.connected) == 1


class TestSettings:
    def test_describe_the_calls(self) -> None:
        settings = load_settings(OutgoingSettings, env_file=None, outgoing_allowed_hosts="10.0.0.5:9000, a.internal")
        outgoing_of(settings, "tests").check_url("http://10.0.0.5:9000/")

    def test_a_line_that_is_none_is_told(self) -> None:
        settings = load_settings(
            LintelSettings, env_file=None, environment="test", secret_key="x" * 40, outgoing_allowed_hosts="*"
        )
        with pytest.raises(SettingsError, match="OUTGOING_ALLOWED_HOSTS"):
            outgoing_of(settings, "tests")
