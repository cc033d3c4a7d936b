"""Signing in, and knowing who is asking, without HTTP."""

import time
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from structlog.typing import EventDict

from app.core.enums import UserRole, UserStatus
from app.core.exceptions import InactiveUser, WrongCredentials
from app.core.permissions import Permission
from app.schemas.auth import LoginForm, Token
from app.schemas.users import UserRegister, UserUpdate
from app.services.container import TYPE_OF_ACCESS, Services
from lintel.context import bind_request_id, current_context, unbind_request_id
from lintel.errors import Unauthenticated
from lintel.security import PasswordHasher, TokenSigner
from tests.app.conftest import ServicesFactory, add_user, recorded
from tests.conftest import CHEAP_KIB, PASSWORD

pytestmark = pytest.mark.anyio

KEY = "a key for tests that is long enough 0123456789"
UNUSABLE = [UserStatus.INACTIVE, UserStatus.SUSPENDED, UserStatus.PENDING_VERIFICATION]


def form(username: str = "ada@example.com", password: str = PASSWORD) -> LoginForm:
    return LoginForm(username=username, password=SecretStr(password))


def forged(subject: str = "1", *, key: str = KEY, kind: str = TYPE_OF_ACCESS, seconds: int = 60, **claims: str) -> str:
    signer = TokenSigner(
        key,
        algorithm="HS256",
        issuer=claims.get("issuer", "lintel"),
        audience=claims.get("audience", "lintel"),
        kind=kind,
        lifetime=timedelta(seconds=seconds),
    )
    return signer.sign(subject).value


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
            await services.auth.login(form(username, "Wrong-password-1"))
        taken.append(time.perf_counter() - started)
    return min(taken)


class TestLogin:
    @pytest.mark.parametrize("username", ["ada@example.com", "ADA@Example.Com", "  ada@example.com\t"])
    async def test_gives_a_token_for_the_right_pair_however_the_address_is_written(
        self, services: Services, username: str
    ) -> None:
        ada = await add_user(services)
        token = await services.auth.login(form(username))
        assert (token.token_type, token.expires_in) == ("bearer", 900)
        assert (await services.auth.authenticate(token.access_token)).id == ada.id

    async def test_gives_tokens_for_as_long_as_is_set(self, make_services: ServicesFactory) -> None:
        services = await make_services(access_token_expire_minutes=3)
        await add_user(services)
        assert (await services.auth.login(form())).expires_in == 180

    @pytest.mark.parametrize(
        ("username", "password"),
        [
            ("ada@example.com", "Lovelace1816"),
            ("ada@example.com", "lovelace1815"),
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
            await services.auth.login(form(username, password))
        assert failure.value.detail == "Incorrect e-mail address or password"

    @pytest.mark.parametrize("status", UNUSABLE)
    async def test_tells_that_an_account_is_not_active_only_to_who_knows_the_password(
        self, services: Services, status: UserStatus
    ) -> None:
        await add_user(services, status=status)
        with pytest.raises(InactiveUser):
            await services.auth.login(form())
        with pytest.raises(WrongCredentials):
            await services.auth.login(form(password="Wrong-password-1"))

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
        await services.auth.login(form())
        after = await stored_hash(services)
        assert (f"m={2 * CHEAP_KIB}," in before, f"m={CHEAP_KIB}," in after) == (True, True)
        assert (await services.auth.login(form())).access_token

    async def test_leaves_an_outdated_hash_when_the_password_is_wrong(self, make_services: ServicesFactory) -> None:
        former = await make_services(passwords=PasswordHasher(memory_kib=2 * CHEAP_KIB))
        await add_user(former)
        services, before = await make_services(), await stored_hash(former)
        with pytest.raises(WrongCredentials):
            await services.auth.login(form(password="Wrong-password-1"))
        assert await stored_hash(services) == before

    async def test_writes_nothing_where_the_hash_is_up_to_date(self, services: Services) -> None:
        await add_user(services)
        with recorded(services.database) as seen:
            await services.auth.login(form())
        assert len(seen) == 1
        assert seen[0].startswith("SELECT")

    async def test_does_not_mind_an_account_that_left_while_its_hash_was_checked(
        self, make_services: ServicesFactory
    ) -> None:
        former = await make_services(passwords=PasswordHasher(memory_kib=2 * CHEAP_KIB))
        ada = await add_user(former)
        hasher = LeavingMeanwhile(former, ada.id)
        services = await make_services(passwords=hasher)
        before = await stored_hash(former)
        assert (await services.auth.login(form())).access_token
        assert await stored_hash(services) == before

    async def test_refuses_an_account_whose_hash_cannot_be_read(self, services: Services) -> None:
        await add_user(services)
        async with services.database.writer.begin() as connection:
            await connection.execute(text("UPDATE users SET hashed_password = 'imported, unreadable'"))
        with pytest.raises(WrongCredentials):
            await services.auth.login(form())


class LeavingMeanwhile(PasswordHasher):
    """Somebody deletes the account in the moment between the check and the storing of a better hash."""

    def __init__(self, services: Services, user_id: int) -> None:
        super().__init__(memory_kib=CHEAP_KIB)
        self._services, self._user_id = services, user_id

    async def verify(self, password: str, stored: str | None) -> tuple[bool, str | None]:
        found = await super().verify(password, stored)
        await self._services.users.delete_user(self._user_id)
        return found


class TestLoginLog:
    @pytest.mark.parametrize("username", ["ada@example.com", "bob@example.com"])
    async def test_of_a_failure_has_the_user_but_neither_password_nor_address(
        self, services: Services, log_records: list[EventDict], username: str
    ) -> None:
        ada = await add_user(services)
        with pytest.raises(WrongCredentials):
            await services.auth.login(form(username, "Wrong-password-1"))
        [record] = [record for record in log_records if record["event"] == "sign-in failed"]
        assert (record["log_level"], record["user_id"]) == ("warning", ada.id if username == ada.email else None)
        assert not any(secret in str(log_records) for secret in ("Wrong-password-1", username, "argon2"))

    async def test_of_a_refusal_tells_why(self, services: Services, log_records: list[EventDict]) -> None:
        ada = await add_user(services, status=UserStatus.SUSPENDED)
        with pytest.raises(InactiveUser):
            await services.auth.login(form())
        [record] = [record for record in log_records if record["event"] == "sign-in refused"]
        assert (record["user_id"], record["status"]) == (ada.id, "suspended")

    async def test_of_a_success_has_no_token(self, services: Services, log_records: list[EventDict]) -> None:
        ada = await add_user(services)
        token = await services.auth.login(form())
        [record] = [record for record in log_records if record["event"] == "signed in"]
        assert record["user_id"] == ada.id
        assert token.access_token not in str(log_records)


class TestClaimedBy:
    async def test_is_whom_a_valid_token_was_signed_for_whether_or_not_they_are_there(self, services: Services) -> None:
        assert services.auth.claimed_by(forged("4711")) == 4711

    @pytest.mark.parametrize("bad", ["", "x", forged(key="another key for tests, long enough 0123456789"), forged("x")])
    async def test_is_nobody_for_anything_else(self, services: Services, bad: str) -> None:
        assert services.auth.claimed_by(bad) is None


class TestAuthenticate:
    @pytest.fixture
    async def token(self, services: Services) -> Token:
        await add_user(services)
        return await services.auth.login(form())

    @pytest.mark.parametrize(
        ("role", "permissions"),
        [
            (UserRole.USER, set()),
            (UserRole.MODERATOR, {Permission.USERS_READ}),
            (UserRole.ADMIN, set(Permission)),
        ],
    )
    async def test_knows_the_caller_and_what_they_may(
        self, services: Services, role: UserRole, permissions: set[Permission]
    ) -> None:
        user = await add_user(services, role=role)
        principal = await services.auth.authenticate((await services.auth.login(form())).access_token)
        assert (principal.id, set(principal.permissions)) == (user.id, permissions)

    async def test_takes_one_statement(self, services: Services, token: Token) -> None:
        with recorded(services.database) as seen:
            await services.auth.authenticate(token.access_token)
        assert len(seen) == 1

    async def test_binds_the_caller_to_the_log(self, services: Services, token: Token) -> None:
        bound = bind_request_id("id-of-the-request")
        principal = await services.auth.authenticate(token.access_token)
        assert current_context() == {"request_id": "id-of-the-request", "user_id": principal.id}
        unbind_request_id(bound)

    async def test_minds_a_new_role_at_once(self, services: Services, token: Token) -> None:
        principal = await services.auth.authenticate(token.access_token)
        await services.users.update_user(principal.id, UserUpdate(role=UserRole.MODERATOR))
        assert (await services.auth.authenticate(token.access_token)).may(Permission.USERS_READ)

    @pytest.mark.parametrize("status", UNUSABLE)
    async def test_refuses_a_live_token_of_an_account_that_cannot_be_used(
        self, services: Services, token: Token, status: UserStatus
    ) -> None:
        principal = await services.auth.authenticate(token.access_token)
        await services.users.update_user(principal.id, UserUpdate(status=status))
        with pytest.raises(InactiveUser):
            await services.auth.authenticate(token.access_token)

    async def test_refuses_a_live_token_of_an_account_that_is_gone(self, services: Services, token: Token) -> None:
        principal = await services.auth.authenticate(token.access_token)
        await services.users.delete_user(principal.id)
        await services.users.register(UserRegister(email="ada@example.com", password=SecretStr(PASSWORD)))
        with pytest.raises(Unauthenticated):
            await services.auth.authenticate(token.access_token)

    @pytest.mark.parametrize(
        "bad",
        [
            None,
            "",
            "x",
            "a.b.c",
            forged(key="another key for tests, long enough 0123456789"),
            forged(kind="refresh+jwt"),
            forged(issuer="another"),
            forged(audience="another"),
            forged(seconds=-1),
            forged("ada@example.com"),
            forged(""),
            forged("1.0"),
            forged("4711"),
            forged("-1"),
            forged() + "x",
            "x" * 5_000,
        ],
    )
    async def test_refuses_what_is_no_token_of_ours(self, services: Services, token: Token, bad: str | None) -> None:
        with pytest.raises(Unauthenticated):
            await services.auth.authenticate(bad)

    async def test_accepts_what_was_signed_with_the_same_key(self, services: Services, token: Token) -> None:
        principal = await services.auth.authenticate(token.access_token)
        assert await services.auth.authenticate(forged(str(principal.id))) == principal
