from ipaddress import ip_address

import pytest

from lintel.outgoing import AllowedHost

CASES = [
    ("ollama.internal", "ollama.internal", "10.0.0.9", 80, True),
    ("ollama.internal", "ollama.internal", "10.0.0.9", 11434, False),
    ("ollama.internal", "x.ollama.internal", "10.0.0.9", 80, False),
    ("Ollama.Internal:11434", "ollama.internal", "10.0.0.9", 11434, True),
    ("ollama.internal:11434", "ollama.internal", "10.0.0.9", 80, False),
    ("*.internal", "a.b.internal", "10.0.0.9", 443, True),
    ("*.internal", "internal", "10.0.0.9", 443, False),
    ("*.internal", "evilinternal", "10.0.0.9", 443, False),
    ("10.1.0.0/16", "any.example.com", "10.1.2.3", 80, True),
    ("10.1.0.0/16", "any.example.com", "10.2.2.3", 80, False),
    ("10.1.0.0/16:8080", "any.example.com", "10.1.2.3", 8080, True),
    ("10.1.0.0/16", "any.example.com", "::ffff:10.1.2.3", 80, True),
    ("127.0.0.1:9000", "127.0.0.1", "127.0.0.1", 9000, True),
    ("[::1]:9000", "::1", "::1", 9000, True),
    ("[fd00::/8]", "x", "fd00::5", 80, True),
    ("fd00::/8", "x", "fd00::5", 80, True),
    ("::1", "::1", "::1", 443, True),
]


@pytest.mark.parametrize(("line", "host", "address", "port", "expected"), CASES)
def test_who_is_meant(line: str, host: str, address: str, port: int, expected: bool) -> None:  # noqa: FBT001
    assert AllowedHost.of(line).has(host, ip_address(address), port) is expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "*",
        "*.",
        "a b",
        "http://x.example.com",
        "x.example.com/path",
        "x:0",
        "x:65536",
        "x:http",
        "0.0.0.0/0",
        "::/0",
        "10.0.0.1/8",
        "[x]",
        "300.1.1.1",
        "2130706433",
        "u@x",
    ],
)
def test_what_is_no_line(line: str) -> None:
    with pytest.raises(ValueError, match=r"is no host, network or host:port|would allow every address"):
        AllowedHost.of(line)
