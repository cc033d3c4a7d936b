"""Tokens that are sent by mail, without the mails."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.core.enums import TokenPurpose, UserStatus
from app.core.exceptions import OneTimeTokenInvalid
from app.models import OneTimeToken
from app.repositories.users import UserRepository
from app.schemas.users import UserUpdate, UserUpdateMe
from app.services.container import Services
from app.services.one_time_tokens import PAUSE, OneTimeTokens
from lintel.db import Session
from tests.app.conftest import ServicesFactory, add_user
from tests.conftest import PASSWORD

pytestmark = pytest.mark.anyio

PURPOSE = TokenPurpose.PASSWORD_RESET
SECOND = timedelta(seconds=1)


@pytest.fixture
def tokens(services: Services) -> OneTimeTokens:
    return OneTimeTokens(services.database, {PURPOSE: timedelta(minutes=30)})


async def made(services: Services, tokens: OneTimeTokens, user_id: int, *, anew: bool = False) -> str | None:
    async def work(session: Session) -> str | None:
        await UserRepository(session).get(user_id, for_update=True)
        return await tokens.make(session, user_id, PURPOSE, anew=anew)

    return await services.database.run(work)


async def used(services: Services, tokens: OneTimeTokens, token: str, user_id: int) -> bool:
    async def work(session: Session) -> None:
        await UserRepository(session).get(user_id, for_update=True)
        await tokens.use(session, token, PURPOSE, of_user=user_id)

    try:
        await services.database.run(work)
    except OneTimeTokenInvalid:
        return False
    return True


async def rows(services: Services) -> list[dict[str, object]]:
    return await services.database.fetch_all(select(*OneTimeToken.__table__.c))


async def set_back(services: Services, passed: timedelta) -> None:
    """So much time has passed."""
    columns = OneTimeToken.__table__.c
    [row] = await services.database.fetch_all(select(columns.created_at, columns.expires_at))
    async with services.database.writer.begin() as connection:
        await connection.execute(update(OneTimeToken).values({name: moment - passed for name, moment in row.items()}))


class TestMake:
    async def test_keeps_nothing_that_could_be_shown(self, services: Services, tokens: OneTimeTokens) -> None:
        user = await add_user(services)
        token = await made(services, tokens, user.id)
        assert token is not None
        assert len(token) == 43
        assert token not in str(await rows(services))

    async def test_takes_the_place_of_the_one_before(self, services: Services, tokens: OneTimeTokens) -> None:
        user = await add_user(services)
        first, second = [await made(services, tokens, user.id, anew=True) for _ in range(2)]
        assert first is not None
        assert second is not None
        assert len(await rows(services)) == 1
        assert [await used(services, tokens, token, user.id) for token in (first, second)] == [False, True]

    async def test_pauses_between_two(self, services: Services, tokens: OneTimeTokens) -> None:
        user = await add_user(services)
        first = await made(services, tokens, user.id)
        assert await made(services, tokens, user.id) is None
        assert first is not None
        await set_back(services, PAUSE)
        assert await made(services, tokens, user.id) is not None

    async def test_does_not_pause_after_one_that_was_used(self, services: Services, tokens: OneTimeTokens) -> None:
        user = await add_user(services)
        token = await made(services, tokens, user.id)
        assert token is not None
        assert await used(services, tokens, token, user.id)
        assert await made(services, tokens, user.id) is not None

    async def test_by_several_at_once_gives_one(self, services: Services, tokens: OneTimeTokens) -> None:
        user = await add_user(services)
        given = await asyncio.gather(*(made(services, tokens, user.id) for _ in range(4)))
        assert len([token for token in given if token is not None]) == 1


class TestUse:
    """Row 72."""

    async def test_works_once_however_many_come_at_once(self, services: Services, tokens: OneTimeTokens) -> None:
        user = await add_user(services)
        token = await made(services, tokens, user.id)
        assert token is not None
        attempts = await asyncio.gather(*(used(services, tokens, token, user.id) for _ in range(4)))
        assert sorted(attempts) == [False, False, False, True]

    async def test_is_for_its_owner_and_in_time(self, services: Services, tokens: OneTimeTokens) -> None:
        ada, bob = await add_user(services), await add_user(services, "bob@example.com")
        token = await made(services, tokens, ada.id)
        assert token is not None
        assert not await used(services, tokens, token, bob.id)
        await set_back(services, timedelta(minutes=30) - SECOND)
        assert (await tokens.owner(token, PURPOSE))["email"] == "ada@example.com"
        await set_back(services, SECOND)
        assert not await used(services, tokens, token, ada.id)
        with pytest.raises(OneTimeTokenInvalid):
            await tokens.owner(token, PURPOSE)

    async def test_is_for_its_purpose(self, services: Services, tokens: OneTimeTokens) -> None:
        user = await add_user(services)
        token = await made(services, tokens, user.id)
        assert token is not None
        async with services.database.writer.begin() as connection:
            await connection.exec_driver_sql("UPDATE one_time_tokens SET purpose = 'another'")
        with pytest.raises(OneTimeTokenInvalid):
            await tokens.owner(token, PURPOSE)
        assert not await used(services, tokens, token, user.id)


class TestEnd:
    """Row 72."""

    @pytest.mark.parametrize(
        "changes", [UserUpdate(email="king@example.com"), UserUpdate(status=UserStatus.SUSPENDED)], ids=str
    )
    async def test_comes_with_another_address_or_standing(
        self, services: Services, tokens: OneTimeTokens, changes: UserUpdate
    ) -> None:
        user = await add_user(services)
        await made(services, tokens, user.id)
        await services.users.update_user(user.id, changes)
        assert await rows(services) == []

    async def test_does_not_come_with_another_name(self, services: Services, tokens: OneTimeTokens) -> None:
        user = await add_user(services)
        await made(services, tokens, user.id)
        await services.users.update_user(user.id, UserUpdateMe(full_name="Ada King"))
        await services.users.update_user(user.id, UserUpdate(email="ada@example.com"))
        assert len(await rows(services)) == 1

    async def test_comes_with_the_end_of_the_account(self, services: Services, tokens: OneTimeTokens) -> None:
        user = await add_user(services)
        await made(services, tokens, user.id)
        await services.users.delete_user(user.id)
        assert await rows(services) == []

    async def test_comes_with_a_password_set_by_the_operator(
        self, make_services: ServicesFactory, tokens: OneTimeTokens
    ) -> None:
        services = await make_services()
        user = await add_user(services)
        await made(services, tokens, user.id)
        assert await services.users.ensure_admin("ada@example.com", PASSWORD, reset=True)
        assert await rows(services) == []
