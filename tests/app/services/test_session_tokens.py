"""Refresh tokens that follow one another, without HTTP."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from structlog.typing import EventDict

from app.core.enums import UserRole, UserStatus
from app.core.exceptions import InactiveUser, RefreshTokenUsed
from app.schemas.auth import RefreshRequest, Token
from app.schemas.users import UserUpdate
from app.services.container import Services
from lintel.errors import Unauthenticated
from lintel.security import Client, RefreshTokens
from tests.app.conftest import ServicesFactory, add_user
from tests.app.signing_in import DAY, SECOND, ada, refreshed, rows, set_back, signed_in, works

pytestmark = pytest.mark.anyio

BEYOND_THE_GRACE = {"last_used_at": 11 * SECOND}


class TestRefresh:
    @pytest.fixture
    async def token(self, services: Services) -> Token:
        await add_user(services)
        return await signed_in(services, Client("192.0.2.1", "curl/8"))

    async def test_goes_on_with_the_session(self, services: Services, token: Token) -> None:
        following = await refreshed(services, token, Client("192.0.2.2", "Firefox"))
        assert (await ada(services, following)).session_id == (await ada(services, token)).session_id
        assert following.refresh_token != token.refresh_token
        [row] = await rows(services)
        assert (row["refresh_number"], row["ip_address"], row["user_agent"]) == (1, "192.0.2.2", "Firefox")

    async def test_stores_nothing_that_opens_anything(self, services: Services, token: Token) -> None:
        assert not any(token.refresh_token[-20:] in str(row) for row in await rows(services))

    async def test_answers_those_who_come_together_with_the_same_successor(
        self, services: Services, token: Token
    ) -> None:
        answers = await asyncio.gather(*(refreshed(services, token) for _ in range(20)))
        assert len({answer.refresh_token for answer in answers}) == 1
        assert [row["refresh_number"] for row in await rows(services)] == [1]
        assert await works(services, await refreshed(services, answers[0]))

    @pytest.mark.parametrize("passed", [{}, BEYOND_THE_GRACE])
    async def test_ends_the_session_where_a_token_is_used_again(
        self, services: Services, token: Token, log_records: list[EventDict], passed: dict[str, timedelta]
    ) -> None:
        following = await refreshed(services, token)
        if passed:
            await set_back(services, **passed)
        else:
            following = await refreshed(services, following)
        with pytest.raises(RefreshTokenUsed):
            await refreshed(services, token)
        assert [row["revoked_at"] is None for row in await rows(services)] == [False]
        assert not await works(services, following)
        with pytest.raises(Unauthenticated):
            await refreshed(services, following)
        assert "refresh token used twice" in {record["event"] for record in log_records}

    async def test_has_no_grace_where_none_is_set(self, make_services: ServicesFactory) -> None:
        services = await make_services(refresh_grace_seconds=0)
        await add_user(services)
        token = await signed_in(services)
        await refreshed(services, token)
        with pytest.raises(RefreshTokenUsed):
            await refreshed(services, token)

    async def test_ends_nothing_for_a_token_that_was_made_up(self, services: Services, token: Token) -> None:
        following = await refreshed(services, token)
        session_id = (await ada(services, token)).session_id
        assert session_id is not None
        forger = RefreshTokens(["another key that is long enough 0123456789"])
        ours = RefreshTokens(["a key for tests that is long enough 0123456789"])
        [row] = await rows(services)
        bad = [
            "",
            "x",
            "ä" * 70,
            "A" * 70,
            token.access_token,
            token.refresh_token + "A",
            token.refresh_token[:-1] + ("B" if token.refresh_token[-1] == "A" else "A"),
            forger.make(session_id, 0, row["refresh_salt"]),
            ours.make(session_id, 0, bytes(16)),
            ours.make(session_id, 2, row["refresh_salt"]),
            ours.make(uuid4(), 1, row["refresh_salt"]),
        ]
        for text_ in bad:
            with pytest.raises(Unauthenticated):
                await services.sessions.refresh(RefreshRequest(refresh_token=SecretStr(text_)), Client())
        assert await works(services, await refreshed(services, following))

    @pytest.mark.parametrize("passed", [{"expires_at": 14 * DAY}, {"ends_at": 90 * DAY, "expires_at": 90 * DAY}])
    async def test_ends_with_the_session(self, services: Services, token: Token, passed: dict[str, timedelta]) -> None:
        await set_back(services, **passed)
        assert not await works(services, token)
        with pytest.raises(Unauthenticated):
            await refreshed(services, token)

    async def test_does_not_outlive_the_longest_that_a_session_may_last(self, services: Services, token: Token) -> None:
        await set_back(services, ends_at=89 * DAY)
        await refreshed(services, token)
        [row] = await rows(services)
        assert row["expires_at"] == row["ends_at"]

    async def test_refuses_an_account_that_cannot_be_used(self, services: Services, token: Token) -> None:
        async with services.database.writer.begin() as connection:
            await connection.execute(text("UPDATE users SET status = 'suspended'"))
        with pytest.raises(InactiveUser):
            await refreshed(services, token)
        assert [row["refresh_number"] for row in await rows(services)] == [0]

    @pytest.mark.parametrize(
        "changes", [UserUpdate(status=UserStatus.SUSPENDED), UserUpdate(role=UserRole.MODERATOR), None]
    )
    async def test_ends_with_what_somebody_was(
        self, services: Services, token: Token, changes: UserUpdate | None
    ) -> None:
        principal = await ada(services, token)
        if changes is None:
            await services.users.delete_user(principal.id)
        else:
            await services.users.update_user(principal.id, changes)
        with pytest.raises(Unauthenticated):
            await refreshed(services, token)
