"""acceptance.md row 3: who believes what is said about the way of a request."""

import json

import pytest

from tests.process.conftest import StartServer

CLAIMS = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=6.6.6.6;proto=https;host=evil.example",
    "X-Real-IP": "6.6.6.6",
}


def told(start_server: StartServer, **settings: str) -> tuple[str, bool]:
    """The client's address in the access record, and whether the answer took the connection for a secure one."""
    server = start_server(LOG_FORMAT="json", **settings)
    with server.client() as client:
        answer = client.get("/api/v1/users", headers=CLAIMS)
    server.stop()  # its log is whole then
    records = [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]
    [record] = [r for r in records if r["message"] == "request" and r["path"] == "/api/v1/users"]
    assert "evil" not in f"{answer.text}{answer.headers}"
    return record["client"], "strict-transport-security" in answer.headers


class TestForwarded:
    def test_nobody_unless_told_to(self, start_server: StartServer) -> None:
        assert told(start_server) == ("127.0.0.1", False)

    @pytest.mark.slow
    @pytest.mark.parametrize("network", ["10.0.0.0/8", "127.0.0.2"])
    def test_nobody_but_the_proxies_that_are_named(self, start_server: StartServer, network: str) -> None:
        assert told(start_server, FORWARDED_ALLOW_IPS=network) == ("127.0.0.1", False)

    @pytest.mark.slow
    @pytest.mark.parametrize("network", ["127.0.0.1", "127.0.0.0/8"])
    def test_those_by_address_and_by_network(self, start_server: StartServer, network: str) -> None:
        assert told(start_server, FORWARDED_ALLOW_IPS=network) == ("6.6.6.6", True)
