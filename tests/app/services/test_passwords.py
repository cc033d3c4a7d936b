"""Passwords that were forgotten, and those that are changed, without HTTP."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from structlog.typing import EventDict

from app.core.enums import TokenPurpose
from app.core.exceptions import OneTimeTokenInvalid, WrongCredentials, WrongPassword
from app.models import Job
from app.schemas.passwords import ChangePassword, ForgotPassword, ResetPassword
from app.services.container import Services
from lintel.errors import InvalidInput, Unauthenticated
from lintel.security import Client, PasswordHasher
from tests.app.conftest import ServicesFactory, add_user, principal_of, recorded
from tests.app.mailing import mails_of, token_in
from tests.app.signing_in import ada, form, signed_in, works
from tests.conftest import CHEAP_KIB, PASSWORD

pytestmark = pytest.mark.anyio

NEW = "Noether-1918"


class Counting(PasswordHasher):
    """Counts what is hashed."""

    def __init__(self) -> None:
        super().__init__(memory_kib=CHEAP_KIB)
        self.calls: list[str] = []

    async def hash(self, password: str) -> str:
        self.calls.append("hash")
        return await super().hash(password)

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        self.calls.append("verify")
        return await super().verify(password, stored)


class Meanwhile(PasswordHasher):
    """Lets somebody change the password while a hash is made."""

    def __init__(self) -> None:
        super().__init__(memory_kib=CHEAP_KIB)
        self.services: Services | None = None

    async def hash(self, password: str) -> str:
        if self.services is not None:
            async with self.services.database.writer.begin() as connection:
                await connection.exec_driver_sql("UPDATE users SET hashed_password = 'another'")
        return await super().hash(password)


def reset(token: str, password: str = NEW) -> ResetPassword:
    return ResetPassword(token=SecretStr(token), password=SecretStr(password))


def change(current: str = PASSWORD, password: str = NEW) -> ChangePassword:
    return ChangePassword(current_password=SecretStr(current), password=SecretStr(password))


async def token_of(services: Services, user_id: int, folder: Path) -> str:
    assert await services.mails.send_token(user_id, TokenPurpose.PASSWORD_RESET)
    return token_in(mails_of(folder / "data")[-1])


async def signs_in(services: Services, password: str) -> bool:
    try:
        await services.sessions.login(form(password=password), Client())
    except WrongCredentials:
        return False
    return True


class TestForgot:
    """Row 67."""

    async def test_does_the_same_for_an_address_that_nobody_has(
        self, make_services: ServicesFactory, log_records: list[EventDict]
    ) -> None:
        passwords = Counting()
        services = await make_services(passwords=passwords)
        await add_user(services)
        passwords.calls.clear()
        seen: list[list[str]] = []
        answers = set()
        for email in ("ada@example.com", "bob@example.com"):
            with recorded(services.database) as statements:
                answers.add((await services.passwords.forgot(ForgotPassword(email=email))).detail)
            seen.append(statements)
        assert len(answers) == 1
        assert seen[0] == seen[1]
        assert len(seen[0]) >= 2
        assert passwords.calls == []
        assert "bob@example.com" not in str(log_records)

    async def test_leaves_neither_address_nor_token_in_the_job(self, services: Services) -> None:
        user = await add_user(services)
        for email in ("ada@example.com", "bob@example.com"):
            await services.passwords.forgot(ForgotPassword(email=email))
        found = await services.database.fetch_all(select(Job.kind, Job.payload).order_by(Job.id))
        assert [job["kind"] for job in found] == ["mails.token"] * 2
        payloads = str([job["payload"] for job in found])
        assert "example" not in payloads
        assert str(user.id) in payloads


class TestReset:
    """Row 72."""

    async def test_ends_every_session_and_what_was_known_before(self, services: Services, tmp_path: Path) -> None:
        user = await add_user(services)
        before = await signed_in(services)
        await services.passwords.reset(reset(await token_of(services, user.id, tmp_path)))
        assert not await works(services, before)
        assert [await signs_in(services, password) for password in (PASSWORD, NEW)] == [False, True]

    async def test_by_two_at_once_succeeds_for_one(self, services: Services, tmp_path: Path) -> None:
        user = await add_user(services)
        token = await token_of(services, user.id, tmp_path)
        done = await asyncio.gather(
            *(services.passwords.reset(reset(token, f"{NEW}-{n}")) for n in range(3)), return_exceptions=True
        )
        [winner] = [number for number, outcome in enumerate(done) if outcome is None]
        assert all(isinstance(outcome, OneTimeTokenInvalid) for outcome in done if outcome is not None)
        assert [await signs_in(services, f"{NEW}-{number}") for number in range(3)] == [
            number == winner for number in range(3)
        ]

    async def test_hashes_nothing_for_a_token_that_is_not_good(self, make_services: ServicesFactory) -> None:
        passwords = Counting()
        services = await make_services(passwords=passwords)
        with pytest.raises(OneTimeTokenInvalid):
            await services.passwords.reset(reset("x" * 43))
        assert passwords.calls == []

    async def test_leaves_the_token_good_when_the_policy_refuses_the_password(
        self, services: Services, tmp_path: Path
    ) -> None:
        user = await add_user(services, full_name="Emmy Noether")
        token = await token_of(services, user.id, tmp_path)
        with pytest.raises(InvalidInput):
            await services.passwords.reset(reset(token, "Noether1918"))
        await services.passwords.reset(reset(token, "Symmetry-1918"))

    async def test_of_who_left_meanwhile_is_refused(self, services: Services, tmp_path: Path) -> None:
        user = await add_user(services)
        token = await token_of(services, user.id, tmp_path)
        owner = services.passwords._tokens.owner

        async def leaves(*arguments: object) -> object:
            found = await owner(*arguments)  # type: ignore[arg-type]
            await services.users.delete_user(user.id)
            return found

        services.passwords._tokens.owner = leaves  # type: ignore[method-assign, assignment]
        with pytest.raises(OneTimeTokenInvalid):
            await services.passwords.reset(reset(token))


class TestChange:
    async def test_ends_every_other_session_and_every_token(self, services: Services, tmp_path: Path) -> None:
        user = await add_user(services)
        here, there = await signed_in(services), await signed_in(services)
        token = await token_of(services, user.id, tmp_path)
        await services.passwords.change(await ada(services, here), change())
        assert [await works(services, session) for session in (here, there)] == [True, False]
        assert [await signs_in(services, password) for password in (PASSWORD, NEW)] == [False, True]
        with pytest.raises(OneTimeTokenInvalid):
            await services.passwords.reset(reset(token))

    async def test_needs_the_current_password(self, services: Services) -> None:
        await add_user(services)
        session = await signed_in(services)
        with pytest.raises(WrongPassword):
            await services.passwords.change(await ada(services, session), change(current="Wrong-password-1"))
        assert await signs_in(services, PASSWORD)

    async def test_refuses_what_the_policy_does(self, services: Services) -> None:
        await add_user(services, full_name="Emmy Noether")
        session = await signed_in(services)
        with pytest.raises(InvalidInput):
            await services.passwords.change(await ada(services, session), change(password="Noether1918"))

    async def test_loses_against_one_that_was_quicker(self, make_services: ServicesFactory) -> None:
        hasher = Meanwhile()
        services = await make_services(passwords=hasher)
        user = await add_user(services)
        hasher.services = services
        with pytest.raises(WrongPassword):
            await services.passwords.change(principal_of(user), change())

    async def test_of_who_left_is_refused(self, services: Services) -> None:
        user = await add_user(services)
        await services.users.delete_user(user.id)
        with pytest.raises(Unauthenticated):
            await services.passwords.change(principal_of(user), change())
