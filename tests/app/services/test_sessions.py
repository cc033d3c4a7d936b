"""Signing in and out, and where somebody is signed in, without HTTP."""

import time

import pytest
from sqlalchemy import text, update
from structlog.typing import EventDict

from app.core.enums import UserStatus
from app.core.exceptions import InactiveUser, SessionNotFound, WrongCredentials
from app.models import UserSession
from app.schemas.auth import Token
from app.schemas.sessions import SessionQuery
from app.services.container import Services
from lintel.db import utc_now
from lintel.security import Client, PasswordHasher, Principal
from tests.app.conftest import ServicesFactory, add_user, recorded
from tests.app.signing_in import DAY, ada, form, rows, signed_in, works
from tests.conftest import CHEAP_KIB, PASSWORD

pytestmark = pytest.mark.anyio

UNUSABLE = [UserStatus.INACTIVE, UserStatus.SUSPENDED, UserStatus.PENDING_VERIFICATION]


async def stored_hash(services: Services) -> str:
    async with services.database.read() as connection:
        found: str = (await connection.execute(text("SELECT hashed_password FROM users"))).scalar_one()
    return found


async def seconds_to_fail(services: Services, username: str) -> float:
    """The quickest of a few failures to sign in."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        with pytest.raises(WrongCredentials):
            await services.sessions.login(form(username, "Wrong-password-1"), Client())
        taken.append(time.perf_counter() - started)
    return min(taken)


class TestLogin:
    @pytest.mark.parametrize("username", ["ada@example.com", "ADA@Example.Com", "  ada@example.com\t"])
    async def test_gives_a_token_for_the_right_pair_however_the_address_is_written(
        self, services: Services, username: str
    ) -> None:
        ada = await add_user(services)
        token = await services.sessions.login(form(username), Client())
        assert (token.token_type, token.expires_in) == ("bearer", 900)
        assert (await services.auth.authenticate(token.access_token)).id == ada.id

    async def test_gives_tokens_for_as_long_as_is_set(self, make_services: ServicesFactory) -> None:
        services = await make_services(access_token_expire_minutes=3)
        await add_user(services)
        assert (await services.sessions.login(form(), Client())).expires_in == 180

    @pytest.mark.parametrize(
        ("username", "password"),
        [
            ("ada@example.com", "Bernoulli1844"),
            ("ada@example.com", "bernoulli1843"),
            ("ada@example.com", PASSWORD + " "),
            ("ada@example.com", ""),
            ("bob@example.com", PASSWORD),
            ("ada", PASSWORD),
            ("", PASSWORD),
            ("%", PASSWORD),
            ("' OR 1=1 --", PASSWORD),
        ],
    )
    async def test_refuses_every_other_pair_in_the_same_words(
        self, services: Services, username: str, password: str
    ) -> None:
        await add_user(services)
        with pytest.raises(WrongCredentials) as failure:
            await services.sessions.login(form(username, password), Client())
        assert failure.value.detail == "Incorrect e-mail address or password"

    @pytest.mark.parametrize("status", UNUSABLE)
    async def test_tells_that_an_account_is_not_active_only_to_who_knows_the_password(
        self, services: Services, status: UserStatus
    ) -> None:
        await add_user(services, status=status)
        with pytest.raises(InactiveUser):
            await services.sessions.login(form(), Client())
        with pytest.raises(WrongCredentials):
            await services.sessions.login(form(password="Wrong-password-1"), Client())

    async def test_takes_as_long_for_an_unknown_address(self, make_services: ServicesFactory) -> None:
        services = await make_services(passwords=PasswordHasher(memory_kib=65_536))
        await add_user(services)
        known, unknown = [await seconds_to_fail(services, name) for name in ("ada@example.com", "bob@example.com")]
        assert known / 3 < unknown < known * 3

    async def test_stores_a_better_hash_where_the_stored_one_is_out_of_date(
        self, make_services: ServicesFactory
    ) -> None:
        former = await make_services(passwords=PasswordHasher(memory_kib=2 * CHEAP_KIB))
        await add_user(former)
        services, before = await make_services(), await stored_hash(former)
        await services.sessions.login(form(), Client())
        after = await stored_hash(services)
        assert (f"m={2 * CHEAP_KIB}," in before, f"m={CHEAP_KIB}," in after) == (True, True)
        assert (await services.sessions.login(form(), Client())).access_token

    async def test_leaves_an_outdated_hash_when_the_password_is_wrong(self, make_services: ServicesFactory) -> None:
        former = await make_services(passwords=PasswordHasher(memory_kib=2 * CHEAP_KIB))
        await add_user(former)
        services, before = await make_services(), await stored_hash(former)
        with pytest.raises(WrongCredentials):
            await services.sessions.login(form(password="Wrong-password-1"), Client())
        assert await stored_hash(services) == before

    async def test_takes_five_statements_and_leaves_a_hash_that_is_up_to_date(self, services: Services) -> None:
        await add_user(services)
        with recorded(services.database) as seen:
            await services.sessions.login(form(), Client())
        assert len([statement for statement in seen if not statement.startswith("BEGIN")]) <= 5
        assert not any(statement.startswith("UPDATE users") for statement in seen)

    async def test_refuses_who_knew_the_password_that_was_changed_a_moment_ago(
        self, make_services: ServicesFactory
    ) -> None:
        services = await make_services()
        await add_user(services)
        hasher = Meanwhile(services, "UPDATE users SET hashed_password = 'another'")
        slow = await make_services(passwords=hasher)
        with pytest.raises(WrongCredentials):
            await slow.sessions.login(form(), Client())
        assert await rows(services) == []

    async def test_refuses_an_account_that_left_while_its_hash_was_checked(
        self, make_services: ServicesFactory
    ) -> None:
        services = await make_services()
        await add_user(services)
        hasher = Meanwhile(services, "UPDATE users SET deleted_at = created_at")
        with pytest.raises(WrongCredentials):
            await (await make_services(passwords=hasher)).sessions.login(form(), Client())
        assert await rows(services) == []

    async def test_refuses_an_account_whose_hash_cannot_be_read(self, services: Services) -> None:
        await add_user(services)
        async with services.database.writer.begin() as connection:
            await connection.execute(text("UPDATE users SET hashed_password = 'imported, unreadable'"))
        with pytest.raises(WrongCredentials):
            await services.sessions.login(form(), Client())


class Meanwhile(PasswordHasher):
    """Something happens to the account in the moment between the check of its password and the new session."""

    def __init__(self, services: Services, statement: str) -> None:
        super().__init__(memory_kib=CHEAP_KIB)
        self._services, self._statement = services, statement

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        found = await super().verify(password, stored)
        async with self._services.database.writer.begin() as connection:
            await connection.execute(text(self._statement))
        return found


class TestLoginLog:
    @pytest.mark.parametrize("username", ["ada@example.com", "bob@example.com"])
    async def test_of_a_failure_has_the_user_but_neither_password_nor_address(
        self, services: Services, log_records: list[EventDict], username: str
    ) -> None:
        ada = await add_user(services)
        with pytest.raises(WrongCredentials):
            await services.sessions.login(form(username, "Wrong-password-1"), Client())
        [record] = [record for record in log_records if record["event"] == "sign-in failed"]
        assert (record["log_level"], record["user_id"]) == ("warning", ada.id if username == ada.email else None)
        assert not any(secret in str(log_records) for secret in ("Wrong-password-1", username, "argon2"))

    async def test_of_a_refusal_tells_why(self, services: Services, log_records: list[EventDict]) -> None:
        ada = await add_user(services, status=UserStatus.SUSPENDED)
        with pytest.raises(InactiveUser):
            await services.sessions.login(form(), Client())
        [record] = [record for record in log_records if record["event"] == "sign-in refused"]
        assert (record["user_id"], record["status"]) == (ada.id, "suspended")

    async def test_of_a_success_has_no_token(self, services: Services, log_records: list[EventDict]) -> None:
        ada = await add_user(services)
        token = await services.sessions.login(form(), Client())
        [record] = [record for record in log_records if record["event"] == "signed in"]
        assert record["user_id"] == ada.id
        assert token.access_token not in str(log_records)


class TestSessions:
    @pytest.fixture
    async def tokens(self, services: Services) -> list[Token]:
        await add_user(services)
        return [await signed_in(services, Client(f"192.0.2.{number}", f"agent {number}")) for number in range(3)]

    async def test_are_listed_with_the_one_that_asks(self, services: Services, tokens: list[Token]) -> None:
        await add_user(services, "bob@example.com")
        await services.sessions.login(form("bob@example.com"), Client())
        page = await services.sessions.list_sessions(await ada(services, tokens[1]), SessionQuery())
        found, total = page.items, page.total
        assert total == 3
        shown = [(one.user_agent, one.ip_address, one.is_current) for one in found]
        assert shown == [(f"agent {n}", f"192.0.2.{n}", n == 1) for n in (2, 1, 0)]

    async def test_end_one_by_one(self, services: Services, tokens: list[Token]) -> None:
        me, other = await ada(services, tokens[0]), await ada(services, tokens[1])
        assert other.session_id is not None
        await services.sessions.end_session(me, other.session_id)
        assert [await works(services, token) for token in tokens] == [True, False, True]
        with pytest.raises(SessionNotFound):
            await services.sessions.end_session(me, other.session_id)

    async def test_are_ended_by_their_owner_alone(self, services: Services, tokens: list[Token]) -> None:
        bob = await add_user(services, "bob@example.com")
        session_id = (await ada(services, tokens[0])).session_id
        assert session_id is not None
        with pytest.raises(SessionNotFound):
            await services.sessions.end_session(Principal(bob.id), session_id)
        assert await works(services, tokens[0])

    async def test_end_but_for_the_one_that_asks(self, services: Services, tokens: list[Token]) -> None:
        await services.sessions.end_other_sessions(await ada(services, tokens[2]))
        assert [await works(services, token) for token in tokens] == [False, False, True]

    @pytest.mark.parametrize(("everywhere", "left"), [(False, [False, True, True]), (True, [False, False, False])])
    async def test_end_here_or_everywhere(
        self, services: Services, tokens: list[Token], *, everywhere: bool, left: list[bool]
    ) -> None:
        await services.sessions.logout(await ada(services, tokens[0]), everywhere=everywhere)
        assert [await works(services, token) for token in tokens] == left

    async def test_make_room_for_new_ones(self, make_services: ServicesFactory) -> None:
        services = await make_services(max_sessions_per_user=2)
        await add_user(services)
        tokens = [await signed_in(services) for _ in range(3)]
        assert [await works(services, token) for token in tokens] == [False, True, True]
        assert len(await rows(services)) == 2

    async def test_are_kept_for_a_while_when_they_have_ended(self, services: Services, tokens: list[Token]) -> None:
        await services.sessions.end_other_sessions(await ada(services, tokens[2]))
        assert await services.sessions.delete_ended_sessions() == 0
        async with services.database.writer.begin() as connection:
            old = utc_now() - 8 * DAY
            await connection.execute(
                update(UserSession).where(UserSession.revoked_at.is_not(None)).values(revoked_at=old)
            )
        assert await services.sessions.delete_ended_sessions() == 2
        assert await works(services, tokens[2])
