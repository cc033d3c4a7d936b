import pytest
from starlette.requests import HTTPConnection

from lintel.security import CrossSiteRefused, check_page

TRUSTED = ["https://app.example.com"]


def connection(*headers: tuple[str, str], scheme: str = "https", host: str = "words.example.com") -> HTTPConnection:
    pairs = [("host", host), *headers]
    raw = [(name.encode(), value.encode()) for name, value in pairs]
    return HTTPConnection({"type": "http", "method": "POST", "scheme": scheme, "path": "/", "headers": raw})


@pytest.mark.parametrize(
    "headers",
    [
        [("sec-fetch-site", "same-origin")],
        [("sec-fetch-site", "none")],
        [("sec-fetch-site", "same-origin"), ("origin", "https://words.example.com")],
        [("sec-fetch-site", "same-origin"), ("origin", "null")],  # a form on a page that sends no referrer
        [("origin", "https://words.example.com")],
        [("origin", "https://words.example.com:443")],
        [("origin", "https://WORDS.example.com")],
        [("sec-fetch-site", "cross-site"), ("origin", "https://app.example.com")],
        [("sec-fetch-site", "same-site"), ("origin", "https://app.example.com")],
    ],
)
def test_our_pages_pass(headers: list[tuple[str, str]]) -> None:
    check_page(connection(*headers), TRUSTED)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "cross-site"), ("origin", "https://words.example.com")],
        [("sec-fetch-site", "anything")],
        [("sec-fetch-site", "")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        [("origin", "null")],
        [("origin", "")],
        [("origin", "https://evil.example")],
        [("origin", "https://words.example.com.evil.example")],
        [("origin", "https://sub.words.example.com")],
        [("origin", "https://example.com")],
        [("origin", "https://words.example.com:8443")],
        [("origin", "https://words.example.com:port")],
        [("origin", "https://user@words.example.com/path")],
        [("origin", "http://words.example.com")],
        [("origin", "http://words.example.com:443")],
        [("origin", "ftp://words.example.com")],
        [("origin", "words.example.com")],
        [("origin", "https://words.example.com"), ("origin", "https://evil.example")],
        [("origin", "https://app.example.com.evil.example")],
    ],
)
def test_others_are_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(CrossSiteRefused):
        check_page(connection(*headers), TRUSTED)


def test_nobody_trusts_a_page_without_an_origin() -> None:
    with pytest.raises(CrossSiteRefused):
        check_page(connection(("origin", "null")), ["null"])


@pytest.mark.parametrize("origin", ["http://localhost:8000", "https://localhost:8000"])
def test_without_tls_here_both_schemes_are_ours(origin: str) -> None:
    # A proxy may end TLS without saying so.
    check_page(connection(("origin", origin), scheme="http", host="localhost:8000"))


def test_no_host_is_nobodys() -> None:
    with pytest.raises(CrossSiteRefused):
        check_page(connection(("origin", "https://"), host=""))
