"""Knowing who is asking, without HTTP."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.core.enums import UserRole, UserStatus
from app.core.exceptions import InactiveUser
from app.core.permissions import Permission
from app.schemas.auth import LoginForm, Token
from app.schemas.users import UserRegister, UserUpdate
from app.services.container import TYPE_OF_ACCESS, Services
from lintel.context import bind_request_id, current_context, unbind_request_id
from lintel.errors import Unauthenticated
from lintel.security import Client, SigningKeys, TokenSigner
from tests.app.conftest import add_user, recorded
from tests.conftest import PASSWORD

pytestmark = pytest.mark.anyio

NO_SESSION = "00000000-0000-7000-8000-000000000000"
KEY = "a key for tests that is long enough 0123456789"
OWN = {
    Permission.PROFILE_READ,
    Permission.PROFILE_WRITE,
    Permission.ANALYSES_READ,
    Permission.ANALYSES_WRITE,
    Permission.JOBS_READ,
    Permission.JOBS_WRITE,
}
UNUSABLE = [UserStatus.INACTIVE, UserStatus.SUSPENDED, UserStatus.PENDING_VERIFICATION]


def form(username: str = "ada@example.com", password: str = PASSWORD) -> LoginForm:
    return LoginForm(username=username, password=SecretStr(password))


def forged(
    subject: str = "1",
    sid: object = NO_SESSION,
    *,
    key: str = KEY,
    kind: str = TYPE_OF_ACCESS,
    seconds: int = 60,
    **claims: str,
) -> str:
    signer = TokenSigner(
        SigningKeys.of_secrets([key]),
        issuer=claims.get("issuer", "lintel"),
        audience=claims.get("audience", "lintel"),
        kind=kind,
        lifetime=timedelta(seconds=seconds),
    )
    return signer.sign(subject, {"sid": sid}).value


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
        return await services.sessions.login(form(), Client())

    @pytest.mark.parametrize(
        ("role", "permissions"),
        [
            (UserRole.USER, OWN),
            (UserRole.MODERATOR, OWN | {Permission.USERS_READ, Permission.MESSAGES_SEND}),
            (UserRole.ADMIN, set(Permission)),
        ],
    )
    async def test_knows_the_caller_and_what_they_may(
        self, services: Services, role: UserRole, permissions: set[Permission]
    ) -> None:
        user = await add_user(services, role=role)
        principal = await services.auth.authenticate((await services.sessions.login(form(), Client())).access_token)
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

    async def test_refuses_who_was_given_another_role(self, services: Services, token: Token) -> None:
        principal = await services.auth.authenticate(token.access_token)
        await services.users.update_user(principal.id, UserUpdate(role=UserRole.USER, full_name="Ada King"))
        assert await services.auth.authenticate(token.access_token) == principal
        await services.users.update_user(principal.id, UserUpdate(role=UserRole.MODERATOR))
        with pytest.raises(Unauthenticated):
            await services.auth.authenticate(token.access_token)

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
        await services.registration.register(UserRegister(email="ada@example.com", password=SecretStr(PASSWORD)))
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

    @pytest.mark.parametrize("sid", [None, "", "x", 1, ["x"], NO_SESSION])
    async def test_refuses_who_has_no_session(self, services: Services, token: Token, sid: object) -> None:
        principal = await services.auth.authenticate(token.access_token)
        with pytest.raises(Unauthenticated):
            await services.auth.authenticate(forged(str(principal.id), sid))

    async def test_refuses_who_comes_with_the_session_of_somebody_else(self, services: Services, token: Token) -> None:
        principal = await services.auth.authenticate(token.access_token)
        bob = await add_user(services, "bob@example.com")
        with pytest.raises(Unauthenticated):
            await services.auth.authenticate(forged(str(bob.id), str(principal.session_id)))

    async def test_accepts_what_was_signed_with_the_same_key(self, services: Services, token: Token) -> None:
        principal = await services.auth.authenticate(token.access_token)
        again = forged(str(principal.id), str(principal.session_id))
        assert await services.auth.authenticate(again) == principal
