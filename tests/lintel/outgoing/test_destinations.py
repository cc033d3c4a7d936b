import httpx2
import pytest

from lintel.outgoing import Destinations, OutgoingRefused

REFUSED = [
    ("file:///etc/passwd", "scheme"),
    ("gopher://example.com/", "scheme"),
    ("ftp://example.com/", "scheme"),
    ("ws://example.com/", "scheme"),
    ("//example.com/", "scheme"),
    ("example.com", "scheme"),
    ("javascript:alert(1)", "scheme"),
    ("http://", "no host"),
    ("http:///path", "no host"),
    ("http://user@example.com/", "user name"),
    ("http://user:password@example.com/", "user name"),
    ("http://@example.com/", "user name"),
    ("http://example.com:8080/", "port"),
    ("http://example.com:22/", "port"),
    ("http://example.com:0/", "port"),
    ("http://127.0.0.1/", "address"),
    ("http://127.0.0.1:8080/", "address or port"),
    ("http://[::1]/", "address"),
    ("http://[::ffff:127.0.0.1]/", "address"),
    ("http://[64:ff9b::7f00:1]/", "address"),
    ("http://[2002:7f00:1::]/", "address"),
    ("http://[fe80::1]/", "address"),
    ("http://169.254.169.254/latest/meta-data/", "address"),
    ("http://10.0.0.1/", "address"),
    ("http://0.0.0.0/", "address"),
    ("http://2130706433/", "number for a host"),
    ("http://0x7f000001/", "number for a host"),
    ("http://0x7f.0.0.1/", "number for a host"),
    ("http://0x7f.0.0.0x1/", "number for a host"),
    ("http://0177.0.0.1/", "not a URL"),
    ("http://127.1/", "number for a host"),
    ("http://017700000001/", "number for a host"),
    ("http://127.0.0.1./", "address"),
    ("http://exa mple.com/", "not a host"),
    ("http://%6c%6f%63al.example.com/", "not a host"),
    ("http://example.com:99999999/", "port"),
    ("http://example.com:http/", "not a URL"),
    ("http://[::1/", "not a URL"),
    ("http://exam\nple.com/", "not a URL"),
    ("", "scheme"),
]
FULL_WIDTH = "http://\uff11\uff12\uff17.0.0.1/"
ACCEPTED = [
    "http://example.com/",
    "https://example.com/hooks?token=1",
    "https://example.com:443/",
    "https://example.com:80/",
    "http://8.8.8.8/",
    "http://[2606:4700::1111]/",
    "https://bücher.example/",
    "HTTPS://EXAMPLE.COM/",
]


@pytest.mark.parametrize(("url", "reason"), REFUSED)
def test_what_is_refused_by_its_text(url: str, reason: str) -> None:
    with pytest.raises(OutgoingRefused) as refused:
        Destinations().check_url(url)
    assert refused.value.reason == reason
    assert refused.value.detail == "The address may not be called"


@pytest.mark.parametrize("url", ACCEPTED)
def test_what_is_accepted(url: str) -> None:
    assert Destinations().check_url(url) == httpx2.URL(url)


@pytest.mark.parametrize("url", [FULL_WIDTH, "http://①②⑦.0.0.1/", "http://%31%32%37.0.0.1/"])
def test_other_digits_do_not_pass(url: str) -> None:
    with pytest.raises(OutgoingRefused):
        Destinations().check_url(url)


class TestListed:
    def test_an_inner_address_and_another_port(self) -> None:
        destinations = Destinations(["10.0.0.5:9000", "ollama.internal:11434"])
        destinations.check_url("http://10.0.0.5:9000/")
        destinations.check_url("http://ollama.internal:11434/")
        with pytest.raises(OutgoingRefused):
            destinations.check_url("http://10.0.0.5/")
        with pytest.raises(OutgoingRefused):
            destinations.check_url("http://10.0.0.6:9000/")

    def test_a_link_local_address_is_refused_all_the_same(self) -> None:
        with pytest.raises(OutgoingRefused):
            Destinations(["169.254.169.254", "169.254.0.0/16"]).check_url("http://169.254.169.254/")
