"""Who is known by a cookie, and who may act for them (rows 50, 51)."""

import re
from collections.abc import Mapping

import pytest

from lintel.testing import AsgiResponse, asgi_request
from tests.conftest import ON_SQLITE, SettingsFactory
from tests.lintel.security.pages import Pages

pytestmark = [pytest.mark.anyio, ON_SQLITE]

HERE = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
SIGN_IN = b"email=ada%40example.com&password=Lovelace1815"
FLAGS = ["HttpOnly", "Path=/", "SameSite=lax", "Secure"]


@pytest.fixture
def pages(make_settings: SettingsFactory) -> Pages:
    return Pages(make_settings())


class Browser:
    """Sends the cookie it was given."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.cookie = ""

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> AsgiResponse:
        given = {"host": "localhost", **headers} | ({"cookie": self.cookie} if self.cookie else {})
        raw = [(name.encode(), value.encode()) for name, value in given.items()]
        answer = await asgi_request(self.pages.app, method, path, headers=raw, body=body)
        for line in answer.headers_all("set-cookie"):
            self.cookie = line.partition(";")[0]
        return answer

    async def sign_in(self) -> AsgiResponse:
        return await self.send("POST", "/sign-in", {**HERE, **FORM}, SIGN_IN)

    @property
    def session(self) -> str:
        return self.cookie.partition("=")[2].partition(".")[0]

    @property
    def token(self) -> str:
        return self.pages.sessions.tokens.make(self.session)


@pytest.fixture
async def ada(pages: Pages) -> Browser:
    browser = Browser(pages)
    assert (await browser.sign_in()).status == 303
    return browser


class TestForged:
    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.example"},
            {"origin": "https://sub.localhost", "sec-fetch-site": "same-site"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "cross-site", "origin": "http://localhost"},
            {},
        ],
    )
    @pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
    async def test_a_write_of_another_page_is_refused(self, ada: Browser, headers: dict[str, str], kind: str) -> None:
        body = f"text=x&csrf_token={ada.token}".encode()
        answer = await ada.send("POST", "/notes", {**headers, "content-type": kind}, body)
        assert (answer.status, answer.json()["error_code"]) == (403, "CROSS_SITE_REFUSED")
        assert (await ada.send("POST", "/sign-out", {**headers, **FORM}, body)).status == 403
        assert ada.session in ada.pages.store.sessions

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    async def test_whatever_the_method_and_path(self, ada: Browser, method: str) -> None:
        assert (await ada.send(method, "/nowhere", {})).status == 403

    async def test_a_page_of_ours_without_its_token(self, ada: Browser) -> None:
        stranger = Browser(ada.pages)
        await stranger.sign_in()
        bodies = [b"text=x", b"text=x&csrf_token=", f"text=x&csrf_token={stranger.token}".encode()]
        for body in bodies:
            answer = await ada.send("POST", "/notes", {**HERE, **FORM}, body)
            assert answer.status == 403
            assert answer.json()["error_code"] == "CROSS_SITE_REFUSED"
        put = {**HERE, "content-type": "application/json"}
        assert (await ada.send("PUT", "/notes", put, b"{}")).status == 403
        assert (await ada.send("PUT", "/notes", {**put, "x-csrf-token": stranger.token}, b"{}")).status == 403

    async def test_signing_in_by_another_page(self, pages: Pages) -> None:
        answer = await Browser(pages).send("POST", "/sign-in", {"sec-fetch-site": "cross-site", **FORM}, SIGN_IN)
        assert (answer.status, answer.headers_all("set-cookie")) == (403, [])
        assert pages.store.sessions == {}

    async def test_without_the_middleware_the_same_is_refused(self, make_settings: SettingsFactory) -> None:
        pages = Pages(make_settings(), middleware=False)
        ada = Browser(pages)
        await ada.sign_in()
        body = f"text=x&csrf_token={ada.token}".encode()
        answer = await ada.send("POST", "/notes", {"origin": "https://evil.example", **FORM}, body)
        assert (answer.status, answer.json()["error_code"]) == (403, "CROSS_SITE_REFUSED")


class TestOurs:
    async def test_a_form_with_its_token(self, ada: Browser) -> None:
        page = await ada.send("GET", "/", {})
        [token] = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)
        answer = await ada.send("POST", "/notes", {**HERE, **FORM}, f"text=hello&csrf_token={token}".encode())
        assert (answer.status, answer.json()) == (200, {"text": "hello", "by": 7})

    async def test_a_form_of_a_page_without_referrer(self, ada: Browser) -> None:
        headers = {"sec-fetch-site": "same-origin", "origin": "null", **FORM}
        assert (await ada.send("POST", "/notes", headers, f"text=x&csrf_token={ada.token}".encode())).status == 200

    async def test_a_script_with_its_header(self, ada: Browser) -> None:
        headers = {**HERE, "content-type": "application/json", "x-csrf-token": ada.token}
        assert (await ada.send("PUT", "/notes", headers, b'{"a": "b"}')).json() == {"a": "b"}

    async def test_a_form_with_a_file(self, ada: Browser) -> None:
        parts = [
            f'--x\r\ncontent-disposition: form-data; name="csrf_token"\r\n\r\n{ada.token}\r\n',
            '--x\r\ncontent-disposition: form-data; name="picture"; filename="a.png"\r\n\r\n12345\r\n--x--\r\n',
        ]
        headers = {**HERE, "content-type": "multipart/form-data; boundary=x"}
        answer = await ada.send("POST", "/pictures", headers, "".join(parts).encode())
        assert (answer.status, answer.json()) == (200, {"bytes": 5})

    async def test_reading_needs_none_of_it(self, ada: Browser) -> None:
        assert (await ada.send("GET", "/", {"sec-fetch-site": "cross-site"})).status == 200

    async def test_without_a_cookie_nobody_is_known(self, pages: Pages) -> None:
        visitor = Browser(pages)
        assert (await visitor.send("GET", "/", {})).status == 401
        assert (await visitor.send("POST", "/notes", FORM, b"text=x")).status == 401

    async def test_a_session_that_is_over_is_nobodys(self, ada: Browser) -> None:
        ada.pages.store.sessions.clear()
        assert (await ada.send("GET", "/", {})).status == 401


class TestFlags:
    async def test_are_all_there(self, pages: Pages) -> None:
        [line] = (await Browser(pages).sign_in()).headers_all("set-cookie")
        first, *attributes = line.split("; ")
        assert first.startswith("__Host-session=")
        assert sorted(attributes) == FLAGS

    async def test_and_the_same_when_it_is_taken_back(self, ada: Browser) -> None:
        session = ada.session
        answer = await ada.send("POST", "/sign-out", {**HERE, **FORM}, f"csrf_token={ada.token}".encode())
        [line] = answer.headers_all("set-cookie")
        first, *attributes = line.split("; ")
        assert (answer.status, first) == (303, '__Host-session=""')
        assert sorted(item for item in attributes if not item.startswith(("expires", "Max-Age"))) == FLAGS
        assert "Max-Age=0" in attributes
        assert session not in ada.pages.store.sessions


class TestFixation:
    async def test_signing_in_begins_a_new_session_and_ends_the_one_before(self, ada: Browser) -> None:
        before = ada.session
        assert (await ada.sign_in()).status == 303
        assert ada.session != before
        assert set(ada.pages.store.sessions) == {ada.session}

    async def test_an_id_that_is_not_signed_is_nobodys(self, pages: Pages, ada: Browser) -> None:
        victim = Browser(pages)
        for signature in ("", ".", f".{'A' * 43}"):
            victim.cookie = f"__Host-session={ada.session}{signature}"
            assert (await victim.send("GET", "/", {})).status == 401

    async def test_a_store_that_gives_one_out_twice_is_told(
        self, pages: Pages, ada: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def begin(_: object) -> str:
            return ada.session

        monkeypatch.setattr(pages.store, "begin", begin)
        before = ada.cookie
        assert (await ada.sign_in()).status == 500
        assert ada.cookie == before
