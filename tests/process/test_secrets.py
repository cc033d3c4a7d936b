"""acceptance.md row 46: no secret leaves a real server process, by any door: records, stacks, answers."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import make_url

from lintel.testing import create_database, drop_database
from tests.conftest import PASSWORD
from tests.process.conftest import ServerProcess, StartServer

SECRETS = {
    "signing key": "canary-Key-7fT2qLmX9wRb4ZsV0pKd8NcY",
    "database password": "canary-database-4c1d",
    "Redis password": "canary-redis-5e2f",
    "password": "Canary-password-1a2b",
    "wrong password": "Canary-wrong-3c4d",
    "token": "canary-token-6a7b",
    "cookie": "canary-cookie-8c9d",
    "API key": "canary-api-key-0e1f",
    "query": "canary-query-2a3b",
    "path": "canary-path-4d5e",
    "file": "canary-file-6f7a",
}
"""One word for each kind of secret, each to be found again by its own name."""
NOT_SECRET = {"path"}
"""A path is logged, which is why nothing secret belongs there: it shows that the search finds what is logged."""
ADA = {"email": "ada@example.com", "password": SECRETS["password"]}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An address with a password in it."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'x.db'}"
        return
    server: str = request.getfixturevalue("postgres_url")
    name = f"lintel_{uuid4().hex}"
    url = asyncio.run(create_database(server, name))
    yield str(make_url(url).set(password=SECRETS["database password"]).render_as_string(hide_password=False))
    asyncio.run(drop_database(server, name))


def every_way_in(client: httpx2.Client, keys: list[str]) -> Iterator[httpx2.Response]:
    """Requests with a secret wherever one can stand, right and wrong; the API key that is made is added to `keys`."""
    secret = SECRETS
    yield client.post("/api/v1/auth/register", json=ADA)
    yield client.post("/api/v1/auth/register", json={**ADA, "confirm_password": secret["wrong password"]})
    yield client.post("/api/v1/auth/register", json={"password": secret["wrong password"]})
    yield client.post("/api/v1/auth/register", content=json.dumps(ADA)[:-1])
    yield client.post("/api/v1/auth/login", data={"username": ADA["email"], "password": secret["wrong password"]})
    yield client.post("/api/v1/auth/login", data={"username": secret["wrong password"], "password": "x" * 200})
    yield client.post("/api/v1/auth/login", files={"password": (secret["file"], secret["file"])})
    login = client.post("/api/v1/auth/login", data={"username": ADA["email"], "password": ADA["password"]})
    assert login.status_code == 200
    right = {"Authorization": f"Bearer {login.json()['access_token']}"}
    made = client.post("/api/v1/auth/api-keys", headers=right, json={"name": "x", "scopes": ["profile:read"]}).json()
    keys.append(made["key"])
    for headers in (
        right,
        {"X-API-Key": made["key"]},
        {"X-API-Key": made["key"], "X-Request-ID": made["key"] + "\x1b[31m"},
        {"X-API-Key": made["key"][:-1]},
        {"Authorization": f"Bearer {secret['token']}"},
        {"Authorization": f"Basic {secret['token']}"},
        {"Cookie": f"session={secret['cookie']}"},
        {"X-API-Key": secret["API key"], "X-Request-ID": f"{secret['API key']}\x1b[31m"},
    ):
        yield client.get("/api/v1/users/me", headers=headers)
        yield client.get("/api/v1/users/me", headers=headers, params={"token": secret["query"]})
        yield client.patch("/api/v1/users/me", headers=headers, json={"password": secret["wrong password"]})
        yield client.get("/health/detailed", headers=headers)
    yield client.get(f"/{secret['path']}", params={"access_token": secret["query"]})
    yield client.get("/health", headers={"Host": "evil.example", "Authorization": secret["token"]})
    yield client.get("/ready", headers={"X-A": secret["token"] * 5_000})


def leaks(text: str) -> set[str]:
    return {name for name, word in SECRETS.items() if word.lower() in text.lower()}


class TestSecrets:
    @pytest.mark.parametrize("log_format", ["json", pytest.param("text", marks=pytest.mark.slow)])
    def test_stay_inside(self, start_server: StartServer, database_url: str, log_format: str) -> None:
        keys: list[str] = []
        server = start_server(
            DATABASE_URL=database_url,
            SECRET_KEY=SECRETS["signing key"],
            REDIS_URL=f"redis://:{SECRETS['Redis password']}@127.0.0.1:1/0",
            FIRST_ADMIN_PASSWORD=f"{PASSWORD}{SECRETS['password']}",
            LOG_FORMAT=log_format,
            LOG_LEVEL="DEBUG",
        )
        with server.client() as client:
            answers = list(every_way_in(client, keys))
        self.check_answers(answers)
        self.break_the_database(server, database_url)
        assert server.stop() == 0
        assert leaks(server.output) == NOT_SECRET
        assert "api_key_id" in server.output
        [key] = keys
        assert not any(key[20:-1] in text for text in (server.output, *(answer.text for answer in answers)))
        assert "Unsupported upgrade" not in server.output

    def check_answers(self, answers: list[httpx2.Response]) -> None:
        assert {answer.status_code // 100 for answer in answers} == {2, 4}
        for answer in answers:
            told = leaks(f"{answer.text} {answer.headers}")
            assert told <= NOT_SECRET, (answer.request.method, str(answer.request.url), told)

    def break_the_database(self, server: ServerProcess, url: str) -> None:
        """So that there are records of faults too, of drivers that know their password."""
        if url.startswith("sqlite"):
            path = Path(url.removeprefix("sqlite:///"))
            for file in path.parent.glob(f"{path.name}*"):
                file.write_bytes(b"broken" * 10_000)
        else:
            asyncio.run(drop_database(url.rpartition("/")[0] + "/postgres", url.rpartition("/")[2]))
        with server.client() as client:
            client.get("/health", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
            for number in range(3):
                answer = client.post("/api/v1/auth/register", json={**ADA, "email": f"bob{number}@example.com"})
                assert answer.status_code in {500, 503}
                assert leaks(answer.text) == set()
