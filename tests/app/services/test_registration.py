"""Accounts that people make for themselves, and addresses that they verify, without HTTP."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select, text, update
from structlog.typing import EventDict

from app.core.enums import TokenPurpose, UserRole, UserStatus
from app.core.exceptions import InactiveUser, OneTimeTokenInvalid, RegistrationClosed, WrongCredentials
from app.core.permissions import Permission
from app.models import ApiKey, Invitation, Job, OneTimeToken, User
from app.schemas.invitations import InvitationCreate
from app.schemas.passwords import MailPromised, ResetPassword
from app.schemas.registration import ResendVerification, VerifyEmail
from app.schemas.users import UserQuery, UserRead, UserRegister, UserUpdate
from app.services.container import Services
from app.services.registration import UNVERIFIED_KEPT
from lintel.db import utc_now
from lintel.errors import AlreadyExists, InvalidInput
from lintel.security import Client, Principal
from tests.app.conftest import ServicesFactory, add_user, principal_of, recorded
from tests.app.mailing import mails_of, subjects, text_of, token_in
from tests.app.services.test_passwords import Counting
from tests.app.signing_in import form
from tests.conftest import PASSWORD

pytestmark = pytest.mark.anyio

ADA, BOB = "ada@example.com", "bob@example.com"
READER = Principal(4_711, {Permission.USERS_READ})
NEW = "Noether-1918"
VERIFY = TokenPurpose.EMAIL_VERIFICATION


@pytest.fixture
async def strict(make_services: ServicesFactory) -> Services:
    """Services that have addresses verified first."""
    return await make_services(email_verification="required")


def registration(email: str = ADA, password: str = PASSWORD, **values: Any) -> UserRegister:
    return UserRegister(email=email, password=SecretStr(password), **values)


async def registered(services: Services, email: str = ADA, **values: Any) -> UserRead:
    made = await services.registration.register(registration(email, **values))
    assert isinstance(made, UserRead)
    return made


async def can_sign_in(services: Services, email: str, password: str) -> bool:
    try:
        await services.sessions.login(form(email, password), Client())
    except WrongCredentials:
        return False
    return True


async def row_of(services: Services, email: str = ADA) -> dict[str, Any]:
    [row] = await services.database.fetch_all(select(*User.__table__.c).where(User.email == email))
    return row


async def mailed(services: Services, folder: Path) -> str | None:
    """The text of the mail that those who asked last are sent, if they are sent one."""
    [job] = await services.database.fetch_all(select(Job.payload).order_by(Job.id.desc()).limit(1))
    if not await services.mails.send_token(job["payload"]["user_id"], TokenPurpose(job["payload"]["purpose"])):
        return None
    return text_of(mails_of(folder / "data")[-1])


async def token_mailed(services: Services, folder: Path) -> str:
    assert await mailed(services, folder) is not None
    return token_in(mails_of(folder / "data")[-1])


def verification(token: str) -> VerifyEmail:
    return VerifyEmail(token=SecretStr(token))


def reset(token: str) -> ResetPassword:
    return ResetPassword(token=SecretStr(token), password=SecretStr(NEW))


class TestRegister:
    async def test_makes_an_active_user_who_can_sign_in(self, services: Services) -> None:
        user = await registered(services, full_name="Ada")
        assert (user.email, user.full_name, user.role, user.is_active) == ("ada@example.com", "Ada", "user", True)
        assert await can_sign_in(services, user.email, PASSWORD)

    async def test_keeps_a_hash_and_never_the_password(self, services: Services) -> None:
        await services.registration.register(registration())
        async with services.database.read() as connection:
            [row] = (await connection.execute(text("SELECT * FROM users"))).mappings().all()
        assert row["hashed_password"].startswith("$argon2id$")
        assert PASSWORD not in str(row)

    @pytest.mark.parametrize("email", ["ada@example.com", "ADA@Example.COM"])
    async def test_refuses_an_address_that_somebody_has_however_it_is_written(
        self, services: Services, email: str
    ) -> None:
        await services.registration.register(registration())
        with pytest.raises(AlreadyExists, match="already exists"):
            await services.registration.register(registration(email))

    async def test_at_the_same_time_gives_the_address_to_one(self, services: Services) -> None:
        ends = await asyncio.gather(
            *(services.registration.register(registration()) for _ in range(5)), return_exceptions=True
        )
        assert sum(isinstance(end, UserRead) for end in ends) == 1
        assert sum(isinstance(end, AlreadyExists) for end in ends) == 4

    async def test_is_refused_where_it_is_closed(self, make_services: ServicesFactory) -> None:
        services = await make_services(registration="closed")
        with pytest.raises(RegistrationClosed):
            await services.registration.register(registration())
        assert (await services.users.list_users(READER, UserQuery())).total == 0

    @pytest.mark.parametrize(
        ("setting", "email", "is_welcome"),
        [
            ({"email_allowed_domains": ["Example.com"]}, "ada@EXAMPLE.com", True),
            ({"email_allowed_domains": ["example.com"]}, "ada@example.org", False),
            ({"email_allowed_domains": ["example.com"]}, "ada@sub.example.com", False),
            ({"email_blocked_domains": ["Example.com"]}, "ada@example.COM", False),
            ({"email_blocked_domains": ["example.com"]}, "ada@example.org", True),
        ],
    )
    async def test_minds_the_domain(
        self, make_services: ServicesFactory, setting: dict[str, Any], email: str, *, is_welcome: bool
    ) -> None:
        services = await make_services(**setting)
        if is_welcome:
            assert (await registered(services, email)).email == email.lower()
            return
        with pytest.raises(InvalidInput, match="not accepted here") as failure:
            await services.registration.register(registration(email))
        assert [error.pointer for error in failure.value.errors] == ["/body/email"]

    @pytest.mark.parametrize(
        ("password", "is_enough"), [("Lovelace1815", False), ("Lovelace 1815", False), ("Lovelace-1815", True)]
    )
    async def test_minds_special_characters_where_they_are_asked_for(
        self, make_services: ServicesFactory, password: str, *, is_enough: bool
    ) -> None:
        services = await make_services(password_require_special=True)
        if is_enough:
            await services.registration.register(registration(password=password))
            assert await can_sign_in(services, "ada@example.com", password)
            return
        with pytest.raises(InvalidInput, match="special character"):
            await services.registration.register(registration(password=password))

    async def test_is_logged_by_number_alone(self, services: Services, log_records: list[EventDict]) -> None:
        user = await registered(services)
        [record] = [record for record in log_records if record["event"] == "user created"]
        assert (record["subject_id"], record["role"]) == (user.id, "user")
        assert not any(secret in str(log_records) for secret in (PASSWORD, "ada@example.com", "argon2"))

    @pytest.mark.parametrize("password", ["Countess1815", "AdaLovelace1", "Lovelace-1815"])
    async def test_refuses_a_password_that_is_made_of_their_names(self, services: Services, password: str) -> None:
        new = registration("ada.lovelace@example.com", password, full_name="Ada King", username="countess")
        with pytest.raises(InvalidInput, match="made of your name, username or address"):
            await services.registration.register(new)

    async def test_asks_for_a_mail_that_holds_neither_address_nor_token(self, services: Services) -> None:
        user = await registered(services)
        assert user.email_verified_at is None
        [job] = await services.database.fetch_all(select(Job.kind, Job.payload))
        assert job["kind"] == "mails.token"
        assert job["payload"] == {"user_id": user.id, "purpose": "email_verification", "address": None}


class TestRegisterWhereAddressesAreVerified:
    """Row 67."""

    async def test_does_the_same_whoever_has_the_address(
        self, make_services: ServicesFactory, log_records: list[EventDict]
    ) -> None:
        passwords = Counting()
        services = await make_services(passwords=passwords, email_verification="required")
        await add_user(services)
        await services.registration.register(registration(BOB))
        answers, seen, hashes = set(), [], []
        for email in (ADA, BOB, "eve@example.com"):
            passwords.calls.clear()
            with recorded(services.database) as statements:
                answer = await services.registration.register(registration(email, full_name="Somebody"))
            assert isinstance(answer, MailPromised)
            answers.add(answer.detail)
            seen.append(statements)
            hashes.append(list(passwords.calls))
        assert len(answers) == 1
        assert seen[0] == seen[1] == seen[2]
        assert hashes == [["hash"]] * 3
        assert not any(email in str(log_records) for email in (ADA, BOB))

    async def test_changes_nothing_of_somebodys_account(self, strict: Services, tmp_path: Path) -> None:
        await add_user(strict, full_name="Ada Lovelace")
        before = await row_of(strict)
        await strict.registration.register(registration(password=NEW, full_name="Eve"))
        assert await row_of(strict) == before
        assert await mailed(strict, tmp_path) is not None
        assert subjects(mails_of(tmp_path / "data")) == [(ADA, "You have an account at Lintel")]
        assert await mailed(strict, tmp_path) is None  # not twice in a minute

    @pytest.mark.parametrize("email", [ADA, BOB])
    async def test_tells_whose_username_it_is_whoever_has_the_address(self, strict: Services, email: str) -> None:
        await add_user(strict, username="ada")
        with pytest.raises(AlreadyExists, match="username"):
            await strict.registration.register(registration(email, username="Ada"))

    async def test_at_the_same_time_makes_one_account(self, strict: Services) -> None:
        await asyncio.gather(*(strict.registration.register(registration()) for _ in range(4)))
        assert (await row_of(strict))["status"] is UserStatus.PENDING_VERIFICATION

    async def test_lets_nobody_in_before_it_is_verified_and_tells_strangers_nothing(self, strict: Services) -> None:
        await add_user(strict)
        for email in (ADA, BOB):
            await strict.registration.register(registration(email, password=NEW))
        told = []
        for email in (ADA, BOB, "eve@example.com"):
            with pytest.raises(WrongCredentials, match="verify the address first") as refused:
                await strict.sessions.login(form(email, NEW), Client())
            told.append(refused.value.detail)
        assert len(set(told)) == 1

    async def test_of_one_address_by_two_gives_neither_the_password(self, strict: Services, tmp_path: Path) -> None:
        """Who registers somebody else's address beforehand is not to share the account with them later."""
        await strict.registration.register(registration(password="Stranger-1918", full_name="Mallory", username="m-1"))
        first = await token_mailed(strict, tmp_path)
        await strict.registration.register(registration())
        assert "more than once" in (await mailed(strict, tmp_path) or "")
        chosen = token_in(mails_of(tmp_path / "data")[-1])
        await strict.registration.verify(verification(first))
        assert [await can_sign_in(strict, ADA, word) for word in ("Stranger-1918", PASSWORD)] == [False, False]
        await strict.passwords.reset(reset(chosen))
        assert await can_sign_in(strict, ADA, NEW)
        row = await row_of(strict)
        assert (row["full_name"], row["username"]) == (None, None)

    async def test_sends_no_words_of_a_stranger_to_an_address(self, strict: Services, tmp_path: Path) -> None:
        await strict.registration.register(registration(full_name="Win a prize at evil.example"))
        assert "prize" not in (await mailed(strict, tmp_path) or "prize")


class TestVerify:
    """Row 72."""

    async def test_lets_them_in(self, strict: Services, tmp_path: Path) -> None:
        await strict.registration.register(registration())
        await strict.registration.verify(verification(await token_mailed(strict, tmp_path)))
        row = await row_of(strict)
        assert (row["status"], row["email_verified_at"] is None) == (UserStatus.ACTIVE, False)
        assert await can_sign_in(strict, ADA, PASSWORD)

    async def test_where_it_is_optional_is_noted(self, services: Services, tmp_path: Path) -> None:
        await registered(services)
        assert await can_sign_in(services, ADA, PASSWORD)
        await services.registration.verify(verification(await token_mailed(services, tmp_path)))
        assert (await row_of(services))["email_verified_at"] is not None

    async def test_by_two_at_once_succeeds_for_one(self, strict: Services, tmp_path: Path) -> None:
        await strict.registration.register(registration())
        token = await token_mailed(strict, tmp_path)
        ends = await asyncio.gather(
            *(strict.registration.verify(verification(token)) for _ in range(3)), return_exceptions=True
        )
        assert sorted(end is None for end in ends) == [False, False, True]
        assert all(isinstance(end, OneTimeTokenInvalid) for end in ends if end is not None)

    async def test_takes_no_token_for_something_else(self, strict: Services, tmp_path: Path) -> None:
        user = await add_user(strict)
        assert await strict.mails.send_token(user.id, TokenPurpose.PASSWORD_RESET)
        token = token_in(mails_of(tmp_path / "data")[-1])
        with pytest.raises(OneTimeTokenInvalid):
            await strict.registration.verify(verification(token))
        await strict.registration.register(registration(BOB))
        with pytest.raises(OneTimeTokenInvalid):
            await strict.passwords.reset(reset(await token_mailed(strict, tmp_path)))

    @pytest.mark.parametrize("status", [UserStatus.SUSPENDED, UserStatus.INACTIVE])
    async def test_does_not_let_in_who_was_shut_out(self, strict: Services, tmp_path: Path, status: UserStatus) -> None:
        await strict.registration.register(registration())
        token = await token_mailed(strict, tmp_path)
        await strict.users.update_user((await row_of(strict))["id"], UserUpdate(status=status))
        with pytest.raises(OneTimeTokenInvalid):
            await strict.registration.verify(verification(token))
        await strict.registration.resend(ResendVerification(email=ADA))
        assert await mailed(strict, tmp_path) is None
        with pytest.raises(InactiveUser):
            await strict.sessions.login(form(), Client())

    async def test_is_done_by_a_password_from_a_mail_too(self, strict: Services, tmp_path: Path) -> None:
        await strict.registration.register(registration())
        assert await strict.mails.send_token((await row_of(strict))["id"], TokenPurpose.PASSWORD_RESET)
        await strict.passwords.reset(reset(token_in(mails_of(tmp_path / "data")[-1])))
        assert (await row_of(strict))["email_verified_at"] is not None
        assert await can_sign_in(strict, ADA, NEW)


class TestVerifiedByOthers:
    async def test_is_who_an_administrator_or_the_operator_made(self, strict: Services) -> None:
        await strict.users.ensure_admin("root@example.com", PASSWORD)
        await add_user(strict)
        for email in ("root@example.com", ADA):
            assert (await row_of(strict, email))["email_verified_at"] is not None
            assert await can_sign_in(strict, email, PASSWORD)

    async def test_is_who_an_administrator_lets_in(self, strict: Services) -> None:
        await strict.registration.register(registration())
        user_id = (await row_of(strict))["id"]
        assert (await strict.users.update_user(user_id, UserUpdate(is_active=True))).email_verified_at is not None

    async def test_is_not_who_an_administrator_has_verify_it(self, strict: Services, tmp_path: Path) -> None:
        user = await add_user(strict, status=UserStatus.PENDING_VERIFICATION)
        assert user.email_verified_at is None
        await strict.registration.verify(verification(await token_mailed(strict, tmp_path)))
        waiting = UserUpdate(status=UserStatus.PENDING_VERIFICATION)
        before = (await strict.users.update_user(user.id, waiting)).email_verified_at
        assert before is not None
        await strict.registration.register(registration(password=NEW))  # somebody else, who changes nothing
        assert not await can_sign_in(strict, ADA, PASSWORD)
        await strict.registration.verify(verification(await token_mailed(strict, tmp_path)))
        assert await can_sign_in(strict, ADA, PASSWORD)
        assert (await row_of(strict))["email_verified_at"] > before


class TestResend:
    """Row 67."""

    async def test_does_the_same_whoever_has_the_address(self, make_services: ServicesFactory) -> None:
        passwords = Counting()
        services = await make_services(passwords=passwords, email_verification="required")
        await add_user(services)
        await services.registration.register(registration(BOB))
        passwords.calls.clear()
        answers, seen = set(), []
        for email in (ADA, BOB, "eve@example.com"):
            with recorded(services.database) as statements:
                answers.add((await services.registration.resend(ResendVerification(email=email))).detail)
            seen.append(statements)
        assert len(answers) == 1
        assert seen[0] == seen[1] == seen[2]
        assert passwords.calls == []

    async def test_brings_a_token_that_replaces_the_one_before(self, strict: Services, tmp_path: Path) -> None:
        await strict.registration.register(registration())
        user_id = (await row_of(strict))["id"]
        tokens = []
        for again in (False, True):
            assert await strict.mails.send_token(user_id, VERIFY, again=again)
            tokens.append(token_in(mails_of(tmp_path / "data")[-1]))
        with pytest.raises(OneTimeTokenInvalid):
            await strict.registration.verify(verification(tokens[0]))
        await strict.registration.verify(verification(tokens[1]))


class TestDeleteExpired:
    async def test_deletes_what_nobody_came_with_in_time(self, strict: Services, tmp_path: Path) -> None:
        root = await add_user(strict, "root@example.com", UserRole.ADMIN)
        await strict.registration.register(registration())
        await token_mailed(strict, tmp_path)
        invited = InvitationCreate(email=BOB)
        await strict.invitations.create_invitation(principal_of(root), invited)
        assert await strict.registration.delete_expired() == {"tokens": 0, "invitations": 0, "accounts": 0}
        async with strict.database.writer.begin() as connection:
            await connection.execute(update(OneTimeToken).values(expires_at=utc_now()))
            await connection.execute(update(Invitation).values(expires_at=utc_now()))
        assert await strict.registration.delete_expired() == {"tokens": 1, "invitations": 1, "accounts": 0}

    async def test_frees_addresses_and_names_that_nobody_verified(self, strict: Services) -> None:
        await strict.registration.register(registration(username="ada"))
        await add_user(strict, BOB, status=UserStatus.SUSPENDED)
        used = await add_user(strict, "eve@example.com", status=UserStatus.PENDING_VERIFICATION)
        verified = await add_user(strict, "zoe@example.com")
        await strict.users.update_user(verified.id, UserUpdate(status=UserStatus.PENDING_VERIFICATION))
        async with strict.database.writer.begin() as connection:
            key = {"name": "old", "prefix": "x", "hash": "x", "scopes": []}
            await connection.execute(insert(ApiKey).values(owner_id=used.id, **key))
            await connection.execute(update(User).values(updated_at=utc_now() - UNVERIFIED_KEPT))
        assert (await strict.registration.delete_expired())["accounts"] == 1
        assert (await row_of(strict))["deleted_at"] is not None
        for email in (BOB, "eve@example.com", "zoe@example.com"):
            assert (await row_of(strict, email))["deleted_at"] is None
        await add_user(strict, username="ada")
        assert (await strict.registration.delete_expired())["accounts"] == 0
