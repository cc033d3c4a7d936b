"""Row 68 in real server processes: guesses count together, and are refused where they cannot be counted."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx2
import pytest

from lintel.testing import redis_server
from tests.process.conftest import ServerProcess, StartServer

pytestmark = [pytest.mark.slow, pytest.mark.services]

LIMIT = 6
FORM = {"username": "ada@example.com", "password": "Wrong-password-1"}


def guess(server: ServerProcess, number: int = 0) -> httpx2.Response:
    """On a connection of its own, so that every worker gets some."""
    headers = {"Connection": "close", "X-Forwarded-For": f"192.0.2.{number}"}
    return httpx2.post(f"{server.url}/api/v1/auth/login", data=FORM, headers=headers, timeout=30)


def test_workers_count_guesses_together_and_none_without_their_counters(start_server: StartServer) -> None:
    with redis_server() as redis:
        values = {"WORKERS": "2", "REDIS_URL": redis.url, "RATE_LIMIT_PER_MINUTE": "0", "APP_NAME": uuid4().hex}
        server = start_server(LOGIN_ATTEMPTS=str(LIMIT), **values)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda number: guess(server, number), range(3 * LIMIT)))
        assert sorted(answer.status_code for answer in answers) == [401] * LIMIT + [429] * (2 * LIMIT)
        assert all(1 <= int(answer.headers["retry-after"]) <= 900 for answer in answers if answer.status_code == 429)
    answer = guess(server)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_workers_without_shared_counters_are_refused_with_the_settings_to_change(start_server: StartServer) -> None:
    with pytest.raises(AssertionError, match="must be 1 without a REDIS_URL: each process would count attempts"):
        start_server(
            WORKERS="2",
            LOGIN_ATTEMPTS="6",
            RATE_LIMIT_PER_MINUTE="0",
            ENABLE_CACHING="false",
            DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing",
        )
