import asyncio
import time

import httpcore2
import pytest

from lintel.outgoing import Destinations, OutgoingRefused, OutgoingTimeout, OutgoingUnavailable
from lintel.outgoing._network import PinnedNetwork, SystemResolver
from tests.lintel.outgoing.conftest import HOST, PUBLIC, MakeOutgoing, Names, Network, Serve, answering

pytestmark = pytest.mark.anyio

OTHER = "93.184.215.15"
INNER_ANSWERS = [
    ["127.0.0.1"],
    ["10.0.0.5"],
    ["169.254.169.254"],
    ["::1"],
    ["fd00::1"],
    ["::ffff:10.0.0.5"],
    [PUBLIC, "127.0.0.1"],
    ["127.0.0.1", PUBLIC],
]


class TestAddresses:
    @pytest.mark.parametrize("answer", INNER_ANSWERS)
    async def test_a_name_that_leads_inside_is_refused(
        self, make_outgoing: MakeOutgoing, names: Names, network: Network, serve: Serve, answer: list[str]
    ) -> None:
        names.set(HOST, answer)
        network.servers[80] = await serve(answering("200 OK", b"secrets"))
        with pytest.raises(OutgoingRefused) as refused:
            await make_outgoing().request("GET", f"http://{HOST}/")
        assert refused.value.reason == "address"
        assert network.connected == []

    async def test_the_address_that_was_judged_is_the_one_that_is_called(
        self, make_outgoing: MakeOutgoing, names: Names, network: Network, serve: Serve
    ) -> None:
        names.set(HOST, [PUBLIC], ["127.0.0.1"])
        seen: list[bytes] = []
        network.servers[80] = await serve(answering("200 OK", b"here", seen))
        outgoing = make_outgoing()
        assert (await outgoing.request("GET", f"http://{HOST}/")).content == b"here"
        assert network.connected == [(PUBLIC, 80)]
        assert names.asked == [HOST]
        assert f"Host: {HOST}\r\n".encode() in seen[0]
        with pytest.raises(OutgoingRefused):
            await outgoing.request("GET", f"http://{HOST}/")
        assert network.connected == [(PUBLIC, 80)]

    async def test_a_silent_address_makes_room_for_the_next(
        self, make_outgoing: MakeOutgoing, names: Names, network: Network, serve: Serve
    ) -> None:
        names.set(HOST, [OTHER, PUBLIC])
        network.silent = {OTHER}
        network.servers[80] = await serve(answering("200 OK"))
        assert (await make_outgoing().request("GET", f"http://{HOST}/")).status == 200
        assert network.connected == [(OTHER, 80), (PUBLIC, 80)]

    async def test_not_all_of_many_addresses_are_tried(
        self, make_outgoing: MakeOutgoing, names: Names, network: Network
    ) -> None:
        found = [f"93.184.215.{number}" for number in range(20, 40)]
        names.set(HOST, found)
        network.silent = set(found)
        with pytest.raises(OutgoingTimeout):
            await make_outgoing().request("GET", f"http://{HOST}/")
        assert len(network.connected) == 4

    async def test_an_inner_host_that_is_listed_is_called(
        self, make_outgoing: MakeOutgoing, names: Names, network: Network, serve: Serve
    ) -> None:
        names.set("ollama.internal", ["10.0.0.5"])
        network.servers[11434] = await serve(answering("200 OK"))
        outgoing = make_outgoing("ollama.internal:11434")
        assert (await outgoing.request("GET", "http://ollama.internal:11434/")).status == 200
        names.set("other.internal", ["10.0.0.5"])
        with pytest.raises(OutgoingRefused) as refused:
            await outgoing.request("GET", "http://other.internal:11434/")
        assert refused.value.reason == "address or port"


class TestLookingUp:
    async def test_an_address_is_not_looked_up(
        self, make_outgoing: MakeOutgoing, names: Names, network: Network, serve: Serve
    ) -> None:
        network.servers[80] = await serve(answering("200 OK"))
        assert (await make_outgoing().request("GET", f"http://{PUBLIC}/")).status == 200
        assert (network.connected, names.asked) == ([(PUBLIC, 80)], [])

    @pytest.mark.parametrize("answer", [[], ["no address"]])
    async def test_no_address(self, make_outgoing: MakeOutgoing, names: Names, answer: list[str]) -> None:
        names.set(HOST, answer)
        with pytest.raises(OutgoingUnavailable) as failed:
            await make_outgoing().request("GET", f"http://{HOST}/")
        assert failed.value.reason == "no address"

    async def test_an_unknown_name(self, make_outgoing: MakeOutgoing) -> None:
        with pytest.raises(OutgoingUnavailable) as failed:
            await make_outgoing().request("GET", "http://unknown.example.com/")
        assert failed.value.reason == "unknown host"

    async def test_a_name_server_that_is_silent(self, make_outgoing: MakeOutgoing) -> None:
        async def silent(_: str) -> list[str]:
            await asyncio.sleep(60)
            return []

        started = time.monotonic()
        with pytest.raises(OutgoingTimeout):
            await make_outgoing(resolver=silent, connect=0.05).request("GET", f"http://{HOST}/")
        assert time.monotonic() - started < 10

    async def test_this_system_is_asked(self) -> None:
        found = await SystemResolver()("localhost")
        assert {"127.0.0.1", "::1"} & set(found)

    async def test_this_system_leads_inside(self, make_outgoing: MakeOutgoing, network: Network) -> None:
        with pytest.raises(OutgoingRefused):
            await make_outgoing(resolver=None).request("GET", "http://localhost/")
        assert network.connected == []

    async def test_without_a_deadline_it_connects_as_well(self, network: Network, names: Names, serve: Serve) -> None:
        network.servers[80] = await serve(answering("200 OK"))
        pinned = PinnedNetwork(Destinations(), resolver=names, network=network)
        stream = await pinned.connect_tcp(HOST, 80)
        assert isinstance(stream, httpcore2.AsyncNetworkStream)
        await stream.aclose()
