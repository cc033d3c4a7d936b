import pytest

from lintel.outgoing import OutgoingRefused
from tests.lintel.outgoing.conftest import HOST, PUBLIC, MakeOutgoing, Names, Network, Serve, answering

pytestmark = pytest.mark.anyio

URL = f"http://{HOST}/"


class TestUnasked:
    async def test_a_redirect_is_the_answer(self, make_outgoing: MakeOutgoing, network: Network, serve: Serve) -> None:
        network.servers[80] = await serve(answering("302 Found\r\nlocation: http://127.0.0.1/"))
        answer = await make_outgoing().request("GET", URL)
        assert (answer.status, answer.headers["location"], answer.url) == (302, "http://127.0.0.1/", URL)
        assert len(network.connected) == 1

    async def test_a_write_is_never_sent_elsewhere(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve
    ) -> None:
        network.servers[80] = await serve(answering("307 Temporary Redirect\r\nlocation: /other"))
        answer = await make_outgoing().request("POST", URL, content=b"x", redirects=3)
        assert answer.status == 307
        assert len(network.connected) == 1


class TestAsked:
    @pytest.mark.parametrize(
        ("location", "reason"),
        [
            ("http://127.0.0.1/", "address"),
            ("http://[::1]/", "address"),
            ("//169.254.169.254/latest/meta-data/", "address"),
            ("file:///etc/passwd", "scheme"),
            ("http://2130706433/", "number for a host"),
            ("http://user:password@example.com/", "user name"),
            (f"http://{HOST}:22/", "port"),
            ("http://inner.example.com/", "address"),
            ("http://[::1", "not a URL"),
        ],
    )
    async def test_each_is_judged(
        self,
        make_outgoing: MakeOutgoing,
        network: Network,
        names: Names,
        serve: Serve,
        location: str,
        reason: str,
    ) -> None:
        names.set("inner.example.com", ["10.0.0.5"])
        network.servers[80] = await serve(answering(f"302 Found\r\nlocation: {location}"))
        with pytest.raises(OutgoingRefused) as refused:
            await make_outgoing().request("GET", URL, redirects=3)
        assert refused.value.reason == reason
        assert network.connected == [(PUBLIC, 80)]

    async def test_no_more_than_asked(self, make_outgoing: MakeOutgoing, network: Network, serve: Serve) -> None:
        network.servers[80] = await serve(answering("302 Found\r\nlocation: /again"))
        with pytest.raises(OutgoingRefused) as refused:
            await make_outgoing().request("GET", URL, redirects=3)
        assert refused.value.reason == "too many redirects"
        assert len(network.connected) == 4

    async def test_never_from_https_to_http(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve, server_tls: object, trusting: object
    ) -> None:
        network.servers[443] = await serve(answering(f"302 Found\r\nlocation: http://{HOST}/"), ssl=server_tls)
        network.servers[80] = await serve(answering("200 OK"))
        with pytest.raises(OutgoingRefused) as refused:
            await make_outgoing(tls=trusting).request("GET", f"https://{HOST}/", redirects=1)
        assert refused.value.reason == "redirect to http"

    async def test_credentials_stay_with_their_origin(
        self, make_outgoing: MakeOutgoing, network: Network, names: Names, serve: Serve
    ) -> None:
        names.set("other.example.com", [PUBLIC])
        seen: list[bytes] = []
        hops = iter(["302 Found\r\nlocation: /second", "302 Found\r\nlocation: http://other.example.com/", "200 OK"])

        async def handle(*streams: object) -> None:
            await answering(next(hops), b"", seen)(*streams)  # type: ignore[arg-type]

        network.servers[80] = await serve(handle)
        secrets = {"Authorization": "Bearer t", "Cookie": "a=1", "X-Api-Key": "k", "Accept": "text/csv"}
        answer = await make_outgoing().request("GET", URL, headers=secrets, redirects=2)
        assert (answer.status, answer.url) == (200, "http://other.example.com/")
        first, second, third = (request.decode().lower() for request in seen)
        for request in (first, second):
            assert all(f"{name}: {value}\r\n".lower() in request for name, value in secrets.items())
        assert "host: other.example.com\r\n" in third
        assert "accept: text/csv\r\n" in third
        assert not any(word in third for word in ("authorization", "cookie", "x-api-key"))

    async def test_what_is_no_redirect_is_the_answer(
        self, make_outgoing: MakeOutgoing, network: Network, serve: Serve
    ) -> None:
        network.servers[80] = await serve(answering("304 Not Modified"))
        assert (await make_outgoing().request("GET", URL, redirects=2)).status == 304
