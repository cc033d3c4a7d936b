"""`kill -9` of the server loses nothing that was answered with 2xx."""

import signal
import threading

import httpx2
import pytest

from tests.conftest import Saw
from tests.process.conftest import ServerProcess, StartServer

ADA = {"email": "ada@example.com", "password": "Lovelace1815"}
WRITERS = 4
WRITES_BEFORE_THE_KILL = 40


def sign_in(server: ServerProcess) -> str:
    with server.client() as client:
        client.post("/api/v1/auth/register", json=ADA)
        login = client.post("/api/v1/auth/login", data={"username": ADA["email"], "password": ADA["password"]})
    token: str = login.json()["access_token"]
    return token


def write_until_it_dies(
    server: ServerProcess, token: str, number: int, kept: list[int], enough: threading.Event
) -> None:
    """Create analyses and note the ids of those that were answered with 201."""
    with server.client() as client:
        client.headers["Authorization"] = f"Bearer {token}"
        while True:
            try:
                answer = client.post(
                    "/api/v1/analyses",
                    json={"text_content": f"Text {len(kept)} of {number}.", "analysis_type": "sentiment"},
                )
            except httpx2.HTTPError:
                return
            if answer.status_code == 201:
                kept.append(answer.json()["id"])
            if len(kept) >= WRITES_BEFORE_THE_KILL:
                enough.set()


@pytest.mark.fault("`kill -9` of a server under load", "everything that was answered is there when it runs again")
def test_everything_answered_is_there_after_a_kill(start_server: StartServer, saw: Saw) -> None:
    server = start_server(RATE_LIMIT_PER_MINUTE="0")
    token = sign_in(server)
    kept: list[int] = []
    enough = threading.Event()
    writers = [
        threading.Thread(target=write_until_it_dies, args=(server, token, number, kept, enough))
        for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    assert enough.wait(30)
    server.stop(signal.SIGKILL)
    for writer in writers:
        writer.join(10)

    restarted = start_server(RATE_LIMIT_PER_MINUTE="0")
    with restarted.client() as client:
        client.headers["Authorization"] = f"Bearer {token}"
        lost = [number for number in kept if client.get(f"/api/v1/analyses/{number}").status_code != 200]
        assert (len(kept) >= WRITES_BEFORE_THE_KILL, lost) == (True, [])
        assert client.get("/ready").status_code == 200
    saw(f"{len(kept)} writes answered by four writers, {len(lost)} lost")
