"""Row 67 over real connections: no answer, and no time that it takes, tells which addresses have accounts.

Times are not compared with any number, but with each other: both kinds of request are sent in random turns, so that
whatever else the machine does meets both alike, and either kind must be the slower one about as often.
"""

import random
import re
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path

import httpx2
import pytest

from tests.app.mailing import mails_of, token_in
from tests.process.conftest import StartServer

pytestmark = pytest.mark.slow

SAMPLES = 300
CLOSE = 0.15
"""Six standard deviations of 300 samples of each kind. Without the hash for nobody the chance is 1."""
VARYING = re.compile("date|request-id|process-time|ratelimit")
PASSWORD = "Bernoulli1843"
KNOWN = "ada@example.com"
AUTH = "/api/v1/auth"

Ask = Callable[[httpx2.Client, str], httpx2.Response]


def login(client: httpx2.Client, email: str) -> httpx2.Response:
    return client.post(f"{AUTH}/login", data={"username": email, "password": "Wrong-password-1"})


def register(client: httpx2.Client, email: str) -> httpx2.Response:
    return client.post(f"{AUTH}/register", json={"email": email, "password": PASSWORD})


def forgot(client: httpx2.Client, email: str) -> httpx2.Response:
    return client.post(f"{AUTH}/password/forgot", json={"email": email})


def resend(client: httpx2.Client, email: str) -> httpx2.Response:
    return client.post(f"{AUTH}/verify/resend", json={"email": email})


def verify(client: httpx2.Client, token: str) -> httpx2.Response:
    return client.post(f"{AUTH}/verify", json={"token": token})


def said(answer: httpx2.Response) -> tuple[object, ...]:
    """Everything that is not different in any two answers."""
    headers = tuple((name, value) for name, value in answer.headers.multi_items() if not VARYING.search(name))
    return answer.status_code, re.sub(r'"(request_id|timestamp)":\s*"[^"]*"', "", answer.text), headers


def chance_to_be_slower(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How often one of ours took longer than one of theirs; half of the time if nobody can tell them apart."""
    ordered = sorted(theirs)
    return sum(bisect_left(ordered, one) + bisect_right(ordered, one) for one in ours) / (2 * len(ours) * len(theirs))


def chance(client: httpx2.Client, ask: Ask, known: str, unknown: Iterator[str]) -> float:
    """That a request about something known takes longer than one about something that is not."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    answers = set()
    turns = [True, False] * SAMPLES
    random.shuffle(turns)
    for is_known in turns:
        about = known if is_known else next(unknown)
        started = time.perf_counter()
        answer = ask(client, about)
        taken[is_known].append(time.perf_counter() - started)
        answers.add(said(answer))
    assert len(answers) == 1, answers
    return chance_to_be_slower(taken[True], taken[False])


def token_from_mail(data_dir: Path) -> str:
    deadline = time.monotonic() + 60
    while not mails_of(data_dir) and time.monotonic() < deadline:
        time.sleep(0.05)
    return token_in(mails_of(data_dir)[0])


def test_nothing_tells_who_has_an_account(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server(
        EMAIL_VERIFICATION="required", MAIL_URL=f"file://{tmp_path}/data/mail", RATE_LIMIT_PER_MINUTE="0"
    )
    strangers = (f"nobody{number}@example.com" for number in count())
    with server.client() as client:
        assert register(client, KNOWN).status_code == 202
        used = token_from_mail(tmp_path / "data")
        assert verify(client, used).status_code == 204
        chances = {ask.__name__: chance(client, ask, KNOWN, strangers) for ask in (login, register, forgot, resend)}
        guesses = (f"{random.getrandbits(256):064x}"[:43] for _ in count())
        chances["verify"] = chance(client, verify, used, guesses)
    assert {name: one for name, one in chances.items() if abs(one - 0.5) > CLOSE} == {}, chances


def test_a_difference_would_be_seen() -> None:
    """However much more than the difference chance adds to both."""
    noise = random.Random(67)  # noqa: S311 - not for secrets
    quick, slow = ([noise.gauss(mean, 1) for _ in range(SAMPLES)] for mean in (0, 1))
    assert abs(chance_to_be_slower(slow, quick) - 0.5) > CLOSE
    assert abs(chance_to_be_slower(quick, [noise.gauss(0, 1) for _ in quick]) - 0.5) < CLOSE
