"""Pages over a real server: forms and WebSockets."""

import json
import socket
import threading
from collections.abc import Iterator

import httpx2
import pytest
import uvicorn
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from lintel.protocols import HttpProtocol, WebSocketProtocol
from lintel.settings import LintelSettings, load_settings
from tests.lintel.security.pages import ADA, Pages

SECONDS = 20


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the guide's pages are served."""
    settings = load_settings(LintelSettings, env_file=None, environment="test", secret_key="0123456789" * 4, docs=False)
    config = uvicorn.Config(Pages(settings).app, log_config=None, http=HttpProtocol, ws=WebSocketProtocol)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(SECONDS)


@pytest.fixture
def ada(url: str) -> Iterator[httpx2.Client]:
    """Somebody signed in, whose client speaks as a page of ours."""
    with httpx2.Client(base_url=url, headers={"Origin": url, "Sec-Fetch-Site": "same-origin"}) as client:
        form = {"email": "ada@example.com", "password": "Lovelace1815"}
        answer = client.post("/sign-in", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        # A jar would not send it without TLS, as browsers do to localhost.
        client.headers["Cookie"] = answer.headers["set-cookie"].partition(";")[0]
        yield client


def token_of(page: httpx2.Response) -> str:
    return page.text.partition('value="')[2].partition('"')[0]


def test_a_form_is_read_by_the_check_and_by_its_endpoint(ada: httpx2.Client) -> None:
    token = token_of(ada.get("/"))
    answer = ada.post("/notes", data={"text": "hello", "csrf_token": token})
    assert (answer.status_code, answer.json()) == (200, {"text": "hello", "by": ADA.id})
    picture = ada.post("/pictures", data={"csrf_token": token}, files={"picture": ("a.png", b"12345")})
    assert (picture.status_code, picture.json()) == (200, {"bytes": 5})


def test_signing_out_ends_it(ada: httpx2.Client) -> None:
    answer = ada.post("/sign-out", data={"csrf_token": token_of(ada.get("/"))})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert ada.get("/").status_code == 401


def test_another_page_is_refused(ada: httpx2.Client) -> None:
    form = {"text": "hello", "csrf_token": token_of(ada.get("/"))}
    answer = ada.post("/notes", data=form, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["error_code"]) == (403, "CROSS_SITE_REFUSED")


class TestWebSocket:
    def test_of_a_page_of_ours(self, url: str, ada: httpx2.Client) -> None:
        with connect(f"ws{url[4:]}/news", additional_headers={"Cookie": ada.headers["cookie"], "Origin": url}) as news:
            assert json.loads(news.recv(SECONDS)) == {"for": ADA.id}

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
    def test_of_another(self, url: str, ada: httpx2.Client, origin: str | None) -> None:
        headers = {"Cookie": ada.headers["cookie"]} | ({} if origin is None else {"Origin": origin})
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws{url[4:]}/news", additional_headers=headers)
        assert refused.value.response.status_code == 403
