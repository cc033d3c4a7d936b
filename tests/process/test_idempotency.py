"""One effect and one answer for each key, whatever happens to the processes (acceptance row 93)."""

import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import Saw
from tests.process.conftest import ServerProcess, StartServer, environment, server_process
from tests.process.stalled import COMMITTED
from tests.process.test_kill import sign_in

KEY = {"Idempotency-Key": '"0b9e9a52-6d4c-4b6a-9a5e-0c4f0d1f7a11"'}
NEW = {"text_content": "The room was lovely.", "analysis_type": "sentiment"}
ANALYSES = "/api/v1/analyses"
SECONDS = 20.0


def post(server: ServerProcess, token: str, **new: Any) -> httpx2.Response:
    with server.client() as client:
        return client.post(ANALYSES, json={**NEW, **new}, headers={**KEY, "Authorization": f"Bearer {token}"})


def total(server: ServerProcess, token: str) -> int:
    with server.client() as client:
        answer = client.get(ANALYSES, headers={"Authorization": f"Bearer {token}"})
    count: int = answer.json()["total"]
    return count


def post_to_nobody(server: ServerProcess, token: str) -> None:
    try:
        post(server, token)
    except httpx2.HTTPError:
        pass
    else:
        raise AssertionError("an answer came through")


@pytest.mark.fault(
    "`kill -9` of a server between commit and answer",
    "the repeat with the same `Idempotency-Key` gets the answer that was lost, and has no second effect",
)
def test_a_kill_between_commit_and_answer_loses_nothing(
    start_server: StartServer, shared: dict[str, str], tmp_path: Path, saw: Saw
) -> None:
    server = start_server(**shared)
    token = sign_in(server)
    committed = tmp_path / "committed"
    env = environment(tmp_path / "data", **shared, **{COMMITTED: str(committed)})
    command = ["uvicorn", "--factory", "tests.process.stalled:app", "--port", "0"]
    with server_process(command, tmp_path, env) as stalled:
        asking = threading.Thread(target=post_to_nobody, args=(stalled, token))
        asking.start()
        deadline = time.monotonic() + SECONDS
        while not committed.exists():
            assert time.monotonic() < deadline, stalled.output
            time.sleep(0.01)
        assert total(server, token) == 1
        stalled.stop(signal.SIGKILL)
        asking.join(SECONDS)

    again = post(server, token)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    with server.client() as client:
        read = client.get(again.headers["location"], headers={"Authorization": f"Bearer {token}"})
    assert read.json() == again.json()
    assert post(server, token, text_content="Other.").status_code == 422
    assert total(server, token) == 1
    saw("1 analysis after the kill, 1 after the repeat; the same answer, replayed")


def test_a_hundred_at_once_at_two_processes_have_one_effect(start_server: StartServer, shared: dict[str, str]) -> None:
    servers = [start_server(**shared), start_server(**shared)]
    token = sign_in(servers[0])
    answers: list[httpx2.Response] = []

    def ask(number: int) -> None:
        answers.append(post(servers[number % 2], token))

    with ExitStack() as stack:
        for number in range(100):
            asking = threading.Thread(target=ask, args=(number,))
            asking.start()
            stack.callback(asking.join, SECONDS)

    made = [a for a in answers if a.status_code == 201 and "idempotency-replayed" not in a.headers]
    assert (len(answers), len(made), total(servers[0], token)) == (100, 1, 1)
    for answer in answers:
        assert answer.status_code in {201, 409}
        assert answer.status_code == 409 or answer.content == made[0].content
    assert post(servers[1], token).content == made[0].content
