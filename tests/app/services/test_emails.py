"""Addresses that their owners change, without HTTP: row 73."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.core.enums import TokenPurpose
from app.core.exceptions import OneTimeTokenInvalid, WrongPassword
from app.schemas.emails import ChangeEmail, ConfirmEmail
from app.schemas.passwords import ChangePassword
from app.schemas.users import UserRegister
from app.services.container import Services
from lintel.errors import AlreadyExists, InvalidInput, TooManyRequests, Unauthenticated
from lintel.security import Principal
from tests.app.conftest import ServicesFactory, add_user, principal_of, recorded
from tests.app.mailing import mails_of, token_in
from tests.app.services.test_passwords import Meanwhile
from tests.app.signing_in import ada, signed_in, works
from tests.conftest import PASSWORD

pytestmark = pytest.mark.anyio

KING = "king@example.com"
CHANGE = TokenPurpose.EMAIL_CHANGE


def wanted(email: str = KING, password: str = PASSWORD) -> ChangeEmail:
    return ChangeEmail(email=email, current_password=SecretStr(password))


def confirmation(token: str) -> ConfirmEmail:
    return ConfirmEmail(token=SecretStr(token))


async def token_of(services: Services, folder: Path, user_id: int, address: str = KING) -> str:
    assert await services.mails.send_token(user_id, CHANGE, address=address)
    return token_in(mails_of(folder / "data")[-1])


async def addresses(services: Services) -> set[str]:
    async with services.database.read() as connection:
        return set((await connection.execute(text("SELECT email FROM users WHERE deleted_at IS NULL"))).scalars())


class TestAsk:
    async def test_changes_nothing_yet_and_mails_both(self, services: Services) -> None:
        user = await add_user(services)
        await services.emails.ask(principal_of(user), wanted())
        assert await addresses(services) == {"ada@example.com"}
        async with services.database.read() as connection:
            kinds = (await connection.execute(text("SELECT kind FROM jobs ORDER BY id"))).scalars().all()
        assert kinds == ["mails.token", "mails.send"]

    async def test_does_the_same_whoever_has_the_new_address(self, services: Services) -> None:
        user = await add_user(services)
        await add_user(services, "bob@example.com")
        seen = []
        for email in ("bob@example.com", "nobody@example.com"):
            with recorded(services.database) as statements:
                await services.emails.ask(principal_of(user), wanted(email))
            seen.append(statements)
        assert seen[0] == seen[1]

    async def test_needs_the_current_password_and_bounds_guesses(self, make_services: ServicesFactory) -> None:
        services = await make_services(login_attempts=2)
        user = await add_user(services)
        for refusal in (WrongPassword, WrongPassword, TooManyRequests):
            with pytest.raises(refusal):
                await services.emails.ask(principal_of(user), wanted(password="Wrong-password-1"))

    @pytest.mark.parametrize("email", ["ADA@example.com", "ada@blocked.example"])
    async def test_refuses_what_is_no_change_or_not_welcome(self, make_services: ServicesFactory, email: str) -> None:
        services = await make_services(email_blocked_domains=["blocked.example"])
        user = await add_user(services)
        with pytest.raises(InvalidInput) as refused:
            await services.emails.ask(principal_of(user), wanted(email))
        assert [error.pointer for error in refused.value.errors] == ["/body/email"]

    async def test_loses_against_a_new_password(self, make_services: ServicesFactory) -> None:
        class Changed(Meanwhile):
            async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
                found = await super().verify(password, stored)
                await self.hash(password)  # which changes the stored one
                return found

        hasher = Changed()
        services = await make_services(passwords=hasher)
        user = await add_user(services)
        hasher.services = services
        with pytest.raises(WrongPassword):
            await services.emails.ask(principal_of(user), wanted())

    async def test_of_who_left_is_refused(self, services: Services) -> None:
        user = await add_user(services)
        await services.users.delete_user(user.id)
        with pytest.raises(Unauthenticated):
            await services.emails.ask(principal_of(user), wanted())


class TestConfirm:
    async def test_ends_all_other_sessions_and_tokens(self, services: Services, tmp_path: Path) -> None:
        user = await add_user(services)
        here, there = await signed_in(services), await signed_in(services)
        assert await services.mails.send_token(user.id, TokenPurpose.PASSWORD_RESET)
        token = await token_of(services, tmp_path, user.id)
        await services.emails.confirm(await ada(services, here), confirmation(token))
        assert await addresses(services) == {KING}
        assert [await works(services, session) for session in (here, there)] == [True, False]
        async with services.database.read() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM one_time_tokens"))).scalar_one() == 0

    async def test_gives_an_address_to_one_of_two(self, services: Services, tmp_path: Path) -> None:
        people = [await add_user(services), await add_user(services, "bob@example.com")]
        tokens = [await token_of(services, tmp_path, user.id) for user in people]
        ends = await asyncio.gather(
            *(
                services.emails.confirm(principal_of(user), confirmation(token))
                for user, token in zip(people, tokens, strict=True)
            ),
            return_exceptions=True,
        )
        assert [type(end) for end in ends if end is not None] == [AlreadyExists]
        assert KING in await addresses(services)
        assert len(await addresses(services)) == 2

    async def test_works_once_however_many_come_at_once(self, services: Services, tmp_path: Path) -> None:
        user = await add_user(services)
        token = confirmation(await token_of(services, tmp_path, user.id))
        ends = await asyncio.gather(
            *(services.emails.confirm(principal_of(user), token) for _ in range(3)), return_exceptions=True
        )
        assert sorted(end is None for end in ends) == [False, False, True]
        assert all(isinstance(end, OneTimeTokenInvalid) for end in ends if end is not None)

    async def test_is_for_who_asked(self, services: Services, tmp_path: Path) -> None:
        user, bob = await add_user(services), await add_user(services, "bob@example.com")
        token = confirmation(await token_of(services, tmp_path, user.id))
        nobody = Principal(4_711)
        for stranger in (principal_of(bob), nobody):
            with pytest.raises(OneTimeTokenInvalid):
                await services.emails.confirm(stranger, token)
        await services.emails.confirm(principal_of(user), token)

    async def test_takes_no_token_for_something_else(self, services: Services, tmp_path: Path) -> None:
        user = await add_user(services)
        assert await services.mails.send_token(user.id, TokenPurpose.PASSWORD_RESET)
        token = token_in(mails_of(tmp_path / "data")[-1])
        with pytest.raises(OneTimeTokenInvalid):
            await services.emails.confirm(principal_of(user), confirmation(token))

    async def test_is_over_with_a_new_password(self, services: Services, tmp_path: Path) -> None:
        user = await add_user(services)
        here = await signed_in(services)
        token = await token_of(services, tmp_path, user.id)
        change = ChangePassword(current_password=SecretStr(PASSWORD), password=SecretStr("Noether-1918"))
        await services.passwords.change(await ada(services, here), change)
        with pytest.raises(OneTimeTokenInvalid):
            await services.emails.confirm(await ada(services, here), confirmation(token))

    async def test_is_refused_for_an_address_that_somebody_has_meanwhile(
        self, services: Services, tmp_path: Path
    ) -> None:
        user = await add_user(services)
        token = await token_of(services, tmp_path, user.id)
        await add_user(services, KING)
        with pytest.raises(AlreadyExists):
            await services.emails.confirm(principal_of(user), confirmation(token))

    async def test_wins_against_who_merely_registered_the_address(
        self, make_services: ServicesFactory, tmp_path: Path
    ) -> None:
        services = await make_services(email_verification="required")
        user = await add_user(services)
        await services.registration.register(UserRegister(email=KING, password=SecretStr(PASSWORD)))
        await services.emails.confirm(principal_of(user), confirmation(await token_of(services, tmp_path, user.id)))
        assert await addresses(services) == {KING}

    async def test_a_token_for_another_address_comes_at_once(self, services: Services, tmp_path: Path) -> None:
        user = await add_user(services)
        first = await token_of(services, tmp_path, user.id)
        assert not await services.mails.send_token(user.id, CHANGE, address=KING)
        second = await token_of(services, tmp_path, user.id, "lovelace@example.com")
        with pytest.raises(OneTimeTokenInvalid):
            await services.emails.confirm(principal_of(user), confirmation(first))
        await services.emails.confirm(principal_of(user), confirmation(second))
        assert await addresses(services) == {"lovelace@example.com"}
