"""Row 61: secrets and keys are changed, and the service is started anew each time."""

import httpx2
import pytest
from joserfc.jwk import ECKey

from tests.process.conftest import ServerProcess, StartServer

pytestmark = pytest.mark.slow

ADA = {"email": "ada@example.com", "password": "Bernoulli1843"}
OLD, NEW = "last-year-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA", "this-year-tX3cQ0aZ5uK8vM1pR4nB7jL2yW6s"


def sign_in(server: ServerProcess) -> str:
    with server.client() as client:
        client.post("/api/v1/auth/register", json=ADA)
        answer = client.post("/api/v1/auth/login", data={"username": ADA["email"], "password": ADA["password"]})
        token: str = answer.json()["access_token"]
        return token


def status_of(server: ServerProcess, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.get(f"{server.url}/api/v1/users/me", headers=headers, timeout=10).status_code


def test_a_former_secret_is_good_until_it_is_taken_away(start_server: StartServer) -> None:
    server = start_server(SECRET_KEY=OLD)
    old = sign_in(server)
    assert server.stop() == 0

    server = start_server(SECRET_KEY=NEW, SECRET_KEY_PREVIOUS=OLD)
    new = sign_in(server)
    assert (status_of(server, old), status_of(server, new)) == (200, 200)
    assert server.stop() == 0

    server = start_server(SECRET_KEY=NEW)
    assert (status_of(server, old), status_of(server, new)) == (401, 200)


def test_published_keys_are_changed_in_the_same_way(start_server: StartServer) -> None:
    keys = [ECKey.generate_key("P-256") for _ in range(2)]
    old_pem, new_pem = (key.as_pem(private=True).decode() for key in keys)
    server = start_server(ALGORITHM="ES256", JWT_PRIVATE_KEY=old_pem)
    old = sign_in(server)
    assert server.stop() == 0

    server = start_server(
        ALGORITHM="ES256", JWT_PRIVATE_KEY=new_pem, JWT_PUBLIC_KEYS_PREVIOUS=keys[0].as_pem(private=False).decode()
    )
    assert status_of(server, old) == 200
    with server.client() as client:
        published = client.get("/.well-known/jwks.json").json()["keys"]
    assert [key["kid"] for key in published] == [keys[1].thumbprint(), keys[0].thumbprint()]
    assert "PRIVATE" not in server.output
