import pytest

from lintel.ratelimit import client_key


class TestClientKey:
    @pytest.mark.parametrize(
        ("host", "key"),
        [
            ("203.0.113.7", "ip_203.0.113.7"),
            ("2001:db8:0:1::7", "ip_2001:db8:0:1::/64"),
            ("2001:db8:0:1:ffff:ffff:ffff:ffff", "ip_2001:db8:0:1::/64"),
            ("2001:db8:0:2::7", "ip_2001:db8:0:2::/64"),
            ("::1", "ip_::/64"),
            ("fe80::1%eth0", "ip_fe80::/64"),
            ("::ffff:203.0.113.7", "ip_203.0.113.7"),
            ("testclient", "unknown"),
            ("203.0.113.7, 10.0.0.1", "unknown"),
            ("", "unknown"),
            ("9" * 10_000, "unknown"),
        ],
    )
    def test_is_the_address_or_the_network_somebody_has(self, host: str, key: str) -> None:
        assert client_key({"client": (host, 1)}) == key

    def test_those_without_an_address_share_one(self) -> None:
        assert client_key({"client": None}) == client_key({}) == "unknown"

    def test_no_header_is_read(self) -> None:
        headers = [(b"x-forwarded-for", b"198.51.100.1"), (b"forwarded", b"for=198.51.100.1")]
        assert client_key({"client": ("203.0.113.7", 1), "headers": headers}) == "ip_203.0.113.7"
