"""Invitations, without HTTP."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from app.core.enums import UserRole, UserStatus
from app.core.exceptions import InvitationInvalid, InvitationNeeded, InvitationNotFound, RegistrationClosed
from app.models import Invitation, Job
from app.schemas.invitations import InvitationCreate, InvitationQuery, InvitationRead
from app.schemas.passwords import MailPromised
from app.schemas.users import UserRead, UserRegister, UserUpdate
from app.services.container import Services
from lintel.errors import AlreadyExists, InvalidInput
from tests.app.conftest import ServicesFactory, add_user, principal_of
from tests.app.mailing import mails_of, text_of
from tests.app.services.test_passwords import Counting
from tests.conftest import PASSWORD

pytestmark = pytest.mark.anyio

EVE = "eve@example.com"


@pytest.fixture
async def inviting(make_services: ServicesFactory) -> Services:
    """Services where only who was invited can register, and addresses are verified."""
    return await make_services(registration="invite", email_verification="required")


@pytest.fixture
async def root(inviting: Services) -> UserRead:
    """An administrator of them."""
    return await add_user(inviting, "root@example.com", UserRole.ADMIN)


def new_account(email: str = EVE, invitation: str | None = None) -> UserRegister:
    given = None if invitation is None else SecretStr(invitation)
    return UserRegister(email=email, password=SecretStr(PASSWORD), invitation=given)


async def invited(
    services: Services, by: UserRead, email: str = EVE, role: UserRole = UserRole.MODERATOR
) -> InvitationRead:
    return await services.invitations.create_invitation(principal_of(by), InvitationCreate(email=email, role=role))


async def token_of(services: Services, folder: Path, invitation: InvitationRead) -> str:
    assert await services.mails.send_invitation(invitation.id)
    text = text_of(mails_of(folder / "data")[-1])
    return text.partition('"invitation": "')[2].partition('"')[0]


async def rows(services: Services) -> list[dict[str, Any]]:
    return await services.database.fetch_all(select(*Invitation.__table__.c))


async def set_back(services: Services, passed: timedelta) -> None:
    """So much time has passed."""
    async with services.database.writer.begin() as connection:
        for row in await rows(services):
            earlier = {"expires_at": row["expires_at"] - passed}
            await connection.execute(update(Invitation).where(Invitation.id == row["id"]).values(earlier))


class TestAccept:
    async def test_makes_a_verified_user_with_the_role_that_was_given(
        self, inviting: Services, root: UserRead, tmp_path: Path
    ) -> None:
        token = await token_of(inviting, tmp_path, await invited(inviting, root))
        user = await inviting.registration.register(new_account("Eve@Example.com", token))
        assert isinstance(user, UserRead)
        assert (user.email, user.role, user.status) == (EVE, UserRole.MODERATOR, UserStatus.ACTIVE)
        assert user.email_verified_at is not None
        assert await rows(inviting) == []
        assert [job["kind"] for job in await inviting.database.fetch_all(select(Job.kind))] == ["mails.invitation"]

    async def test_keeps_nothing_that_could_be_shown(self, inviting: Services, root: UserRead, tmp_path: Path) -> None:
        token = await token_of(inviting, tmp_path, await invited(inviting, root))
        assert len(token) == 43
        assert token not in str(await rows(inviting))

    async def test_by_several_at_once_succeeds_for_one(
        self, inviting: Services, root: UserRead, tmp_path: Path
    ) -> None:
        token = await token_of(inviting, tmp_path, await invited(inviting, root))
        ends = await asyncio.gather(
            *(inviting.registration.register(new_account(invitation=token)) for _ in range(4)),
            return_exceptions=True,
        )
        assert sum(isinstance(end, UserRead) for end in ends) == 1
        assert all(isinstance(end, UserRead | InvitationInvalid) for end in ends)

    async def test_is_for_its_address_and_in_time(self, inviting: Services, root: UserRead, tmp_path: Path) -> None:
        token = await token_of(inviting, tmp_path, await invited(inviting, root))
        with pytest.raises(InvitationInvalid) as refused:
            await inviting.registration.register(new_account("mallory@example.com", token))
        assert [error.pointer for error in refused.value.errors] == ["/body/invitation"]
        await set_back(inviting, timedelta(days=7))
        with pytest.raises(InvitationInvalid):
            await inviting.registration.register(new_account(invitation=token))

    async def test_hashes_nothing_for_a_token_that_is_not_good(self, make_services: ServicesFactory) -> None:
        passwords = Counting()
        services = await make_services(passwords=passwords)
        with pytest.raises(InvitationInvalid):
            await services.registration.register(new_account(invitation="x" * 43))
        assert passwords.calls == []

    @pytest.mark.parametrize("change", [UserUpdate(role=UserRole.MODERATOR), UserUpdate(is_active=False)], ids=str)
    async def test_is_over_once_the_inviter_could_make_no_account(
        self, inviting: Services, root: UserRead, tmp_path: Path, change: UserUpdate
    ) -> None:
        await add_user(inviting, "other@example.com", UserRole.ADMIN)
        token = await token_of(inviting, tmp_path, await invited(inviting, root, role=UserRole.ADMIN))
        await inviting.users.update_user(root.id, change)
        with pytest.raises(InvitationInvalid):
            await inviting.registration.register(new_account(invitation=token))

    async def test_is_over_once_it_is_revoked(self, inviting: Services, root: UserRead, tmp_path: Path) -> None:
        made = await invited(inviting, root)
        token = await token_of(inviting, tmp_path, made)
        await inviting.invitations.revoke_invitation(principal_of(root), made.id)
        with pytest.raises(InvitationInvalid):
            await inviting.registration.register(new_account(invitation=token))
        with pytest.raises(InvitationNotFound):
            await inviting.invitations.revoke_invitation(principal_of(root), made.id)
        assert not await inviting.mails.send_invitation(made.id)

    async def test_leaves_the_invitation_when_somebody_has_the_address(
        self, inviting: Services, root: UserRead, tmp_path: Path
    ) -> None:
        token = await token_of(inviting, tmp_path, await invited(inviting, root))
        await add_user(inviting, EVE)
        with pytest.raises(AlreadyExists):
            await inviting.registration.register(new_account(invitation=token))
        assert len(await rows(inviting)) == 1

    async def test_wins_against_who_merely_registered_the_address(
        self, make_services: ServicesFactory, tmp_path: Path
    ) -> None:
        services = await make_services(email_verification="required")
        root = await add_user(services, "root@example.com", UserRole.ADMIN)
        assert isinstance(await services.registration.register(new_account()), MailPromised)
        token = await token_of(services, tmp_path, await invited(services, root))
        assert isinstance(await services.registration.register(new_account(invitation=token)), UserRead)


class TestModes:
    async def test_invite_takes_an_invitation(self, inviting: Services) -> None:
        with pytest.raises(InvitationNeeded):
            await inviting.registration.register(new_account())

    async def test_closed_takes_none_and_makes_none(self, make_services: ServicesFactory) -> None:
        services = await make_services(registration="closed")
        root = await add_user(services, "root@example.com", UserRole.ADMIN)
        with pytest.raises(RegistrationClosed):
            await services.registration.register(new_account(invitation="x" * 43))
        with pytest.raises(RegistrationClosed):
            await invited(services, root)


class TestCreate:
    async def test_refuses_who_has_an_account_or_an_invitation(self, inviting: Services, root: UserRead) -> None:
        with pytest.raises(AlreadyExists, match="user with this"):
            await invited(inviting, root, "root@example.com")
        await invited(inviting, root)
        with pytest.raises(AlreadyExists, match="invitation for this"):
            await invited(inviting, root)

    async def test_takes_the_place_of_one_that_has_expired(
        self, inviting: Services, root: UserRead, tmp_path: Path
    ) -> None:
        first = await invited(inviting, root)
        await set_back(inviting, timedelta(days=7))
        assert not await inviting.mails.send_invitation(first.id)
        second = await invited(inviting, root)
        assert [row["id"] for row in await rows(inviting)] == [second.id]
        assert len(await token_of(inviting, tmp_path, second)) == 43

    async def test_by_two_at_once_makes_one(self, inviting: Services, root: UserRead) -> None:
        ends = await asyncio.gather(*(invited(inviting, root) for _ in range(3)), return_exceptions=True)
        assert sorted(isinstance(end, InvitationRead) for end in ends) == [False, False, True]

    async def test_minds_the_domain(self, make_services: ServicesFactory) -> None:
        services = await make_services(email_blocked_domains=["blocked.example"], registration="invite")
        root = await add_user(services, "root@example.com", UserRole.ADMIN)
        with pytest.raises(InvalidInput, match="not accepted here"):
            await invited(services, root, "eve@blocked.example")

    async def test_a_mail_that_is_sent_again_has_another_token(
        self, inviting: Services, root: UserRead, tmp_path: Path
    ) -> None:
        made = await invited(inviting, root)
        first, second = [await token_of(inviting, tmp_path, made) for _ in range(2)]
        with pytest.raises(InvitationInvalid):
            await inviting.registration.register(new_account(invitation=first))
        assert isinstance(await inviting.registration.register(new_account(invitation=second)), UserRead)

    async def test_lists_what_nobody_accepted(self, inviting: Services, root: UserRead) -> None:
        made = [await invited(inviting, root, f"eve{number}@example.com") for number in range(3)]
        query = InvitationQuery(size=2, sort_order="asc")  # type: ignore[arg-type]
        found = await inviting.invitations.list_invitations(query)
        assert (found.items, found.total) == (made[:2], 3)
        assert await inviting.invitations.get_invitation(made[2].id) == made[2]
