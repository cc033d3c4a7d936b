"""Which passwords are taken, and what becomes of stored hashes, over HTTP."""

import bcrypt
import httpx2
import pytest
from sqlalchemy import text

from lintel.security import PasswordHasher
from tests.app.conftest import assert_problem
from tests.conftest import ON_SQLITE, PASSWORD, RunningService

pytestmark = [pytest.mark.anyio, ON_SQLITE]

REGISTER = "/api/v1/auth/register"
LOGIN = "/api/v1/auth/login"
NEW = {"email": "new@example.com", "password": PASSWORD, "full_name": "Newcomer"}


async def sign_in(client: httpx2.AsyncClient, password: str = PASSWORD, email: str = NEW["email"]) -> httpx2.Response:
    return await client.post(LOGIN, data={"username": email, "password": password})


class TestChosen:
    """Row 69."""

    @pytest.mark.parametrize(
        "password",
        ["Aa1" + "x" * 125, "Aa1 \u00e4\U0001f30d \t" + "\u65e5" * 40, "Aa1\0\0\0\0\0", " Aa1 -- # "],
        ids=ascii,
    )
    async def test_any_is_taken_unaltered(self, visitor: httpx2.AsyncClient, password: str) -> None:
        assert (await visitor.post(REGISTER, json={**NEW, "password": password})).status_code == 201
        assert (await sign_in(visitor, password)).status_code == 200
        for other in {password[:-1], password.strip(), password.replace("\0", "")} - {password}:
            assert (await sign_in(visitor, other)).status_code == 401

    async def test_one_is_the_same_however_its_letters_are_composed(self, visitor: httpx2.AsyncClient) -> None:
        await visitor.post(REGISTER, json={**NEW, "password": "Caf\u00e9-au-lait-1"})
        assert (await sign_in(visitor, "Cafe\u0301-au-lait-1")).status_code == 200

    async def test_an_enormous_one_is_refused_before_it_is_hashed(
        self, visitor: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for call in ("hash", "verify"):
            monkeypatch.setattr(PasswordHasher, call, pytest.fail)
        answer = await visitor.post(REGISTER, json={**NEW, "password": "Aa1" + "x" * 1_000_000})
        assert_problem(answer, 422, "VALIDATION_ERROR", "/body/password")
        assert_problem(await sign_in(visitor, "x" * 1_000_000), 422, "VALIDATION_ERROR", "/body/password")

    @pytest.mark.parametrize(
        ("password", "reason"),
        [
            ("Welcome2024", "too common"),
            ("P@ssw0rd!", "too common"),
            ("Qwerty123", "too common"),
            ("Newcomer1", "made of your name"),
            ("Lintel2026", "made of your name"),
        ],
    )
    async def test_a_common_one_is_refused_and_not_repeated(
        self, visitor: httpx2.AsyncClient, password: str, reason: str
    ) -> None:
        answer = await visitor.post(REGISTER, json={**NEW, "password": password})
        assert_problem(answer, 422, "VALIDATION_ERROR", "/body/password")
        assert reason in answer.json()["errors"][0]["message"]
        assert password not in answer.text


class TestStored:
    """Row 71."""

    async def store(self, service: RunningService, hashed: str) -> None:
        async with service.services.database.writer.begin() as connection:
            await connection.execute(text("UPDATE users SET hashed_password = :hashed"), {"hashed": hashed})

    async def stored(self, service: RunningService) -> str:
        async with service.services.database.read() as connection:
            found: str = (await connection.execute(text("SELECT hashed_password FROM users"))).scalar_one()
        return found

    async def test_hashes_of_others_are_read_and_replaced_at_sign_in(
        self, service: RunningService, visitor: httpx2.AsyncClient
    ) -> None:
        await visitor.post(REGISTER, json=NEW)
        plain = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        await self.store(service, plain)
        assert (await sign_in(visitor, "Wrong-password-1")).status_code == 401
        assert await self.stored(service) == plain
        assert (await sign_in(visitor)).status_code == 200
        assert (await self.stored(service)).startswith("$argon2id$")
        assert (await sign_in(visitor)).status_code == 200

    @pytest.mark.parametrize(
        "hashed", ["", "unreadable", "$2b$12$", "$2b$31$" + "." * 53, "$argon2id$v=19$m=8,t=2,p=1$$"]
    )
    async def test_one_that_cannot_be_read_is_a_wrong_password(
        self, service: RunningService, visitor: httpx2.AsyncClient, hashed: str
    ) -> None:
        await visitor.post(REGISTER, json=NEW)
        await self.store(service, hashed)
        assert_problem(await sign_in(visitor), 401, "WRONG_CREDENTIALS")
        assert await self.stored(service) == hashed
