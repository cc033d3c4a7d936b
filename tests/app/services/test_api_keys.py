"""API keys: what they let in, what they are worth when their owner changes, and what is kept of them."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.enums import UserRole, UserStatus
from app.core.exceptions import InactiveUser, TooManyApiKeys
from app.core.permissions import Permission
from app.models import ApiKey
from app.schemas.api_keys import ApiKeyCreate, ApiKeyCreated, ApiKeyQuery
from app.schemas.users import UserUpdate
from app.services import api_keys
from app.services.container import Services
from lintel.db import utc_now
from lintel.errors import InvalidInput, Unauthenticated, Unavailable
from lintel.security import Principal
from tests.app.conftest import ServicesFactory, add_user, recorded
from tests.app.signing_in import ada as principal_of
from tests.app.signing_in import signed_in
from tests.conftest import PASSWORD

pytestmark = pytest.mark.anyio

READ, WRITE, MANAGE = Permission.ANALYSES_READ, Permission.ANALYSES_WRITE, Permission.USERS_MANAGE


@pytest.fixture
async def ada(services: Services) -> Principal:
    await add_user(services, role=UserRole.ADMIN)
    await add_user(services, "root@example.com", UserRole.ADMIN)
    return await principal_of(services, await signed_in(services))


async def make(services: Services, ada: Principal, *scopes: Permission, **values: Any) -> ApiKeyCreated:
    new = ApiKeyCreate(name="import", scopes=list(scopes or (READ,)), **values)
    return await services.api_keys.create_key(ada, new)


async def rows(services: Services) -> list[dict[str, Any]]:
    return await services.database.fetch_all(select(*ApiKey.__table__.c).order_by(ApiKey.id))


async def set_columns(services: Services, **values: Any) -> None:
    async with services.database.writer.begin() as connection:
        await connection.execute(update(ApiKey).values(values))


class TestAuthenticate:
    async def test_lets_the_owner_in_with_what_the_key_is_for(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada, READ, WRITE)
        used = await services.api_keys.authenticate(key.key)
        assert (used.principal.id, used.principal.session_id, used.key_id) == (ada.id, None, key.id)
        assert used.principal.permissions == {"analyses:read", "analyses:write"}

    async def test_asks_the_database_once(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada)
        with recorded(services.database) as seen:
            await services.api_keys.authenticate(key.key)
        assert len(seen) == 1

    async def test_asks_nobody_about_what_has_not_the_form_of_a_key(self, services: Services) -> None:
        with recorded(services.database) as seen, pytest.raises(Unauthenticated):
            await services.api_keys.authenticate("lintel_no")
        assert seen == []

    async def test_knows_nothing_of_a_key_that_only_begins_like_one(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada)
        await set_columns(services, hash="0" * 64)
        with pytest.raises(Unauthenticated):
            await services.api_keys.authenticate(key.key)

    async def test_ends_with_its_time(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada, expires_at=utc_now() + timedelta(hours=1))
        await services.api_keys.authenticate(key.key)
        await set_columns(services, expires_at=utc_now())
        with pytest.raises(Unauthenticated):
            await services.api_keys.authenticate(key.key)

    async def test_loses_at_once_what_the_owner_loses(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada, READ, MANAGE)
        await services.users.update_user(ada.id, UserUpdate(role=UserRole.USER))
        used = await services.api_keys.authenticate(key.key)
        assert used.principal.permissions == {"analyses:read"}

    async def test_is_worth_nothing_while_the_owner_is_suspended(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada)
        await services.users.update_user(ada.id, UserUpdate(status=UserStatus.SUSPENDED))
        with pytest.raises(InactiveUser):
            await services.api_keys.authenticate(key.key)
        await services.users.update_user(ada.id, UserUpdate(status=UserStatus.ACTIVE))
        await services.api_keys.authenticate(key.key)

    async def test_is_over_when_the_owner_leaves(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada)
        await services.users.delete_user(ada.id)
        with pytest.raises(Unauthenticated):
            await services.api_keys.authenticate(key.key)

    async def test_is_over_when_the_account_is_recovered(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada)
        await services.users.ensure_admin("ada@example.com", PASSWORD, reset=True)
        with pytest.raises(Unauthenticated):
            await services.api_keys.authenticate(key.key)

    async def test_forgets_a_scope_that_is_no_more(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada)
        await set_columns(services, scopes=["teapots:read", "analyses:read"])
        used = await services.api_keys.authenticate(key.key)
        assert used.principal.permissions == {"analyses:read"}
        assert (await services.api_keys.get_key(ada, key.id)).scopes == ["teapots:read", "analyses:read"]


class TestHolderOf:
    async def test_is_known_once_the_key_was_let_in_and_until_it_is_not(
        self, services: Services, ada: Principal
    ) -> None:
        key = await make(services, ada)
        assert services.api_keys.holder_of(key.key) is None
        await services.api_keys.authenticate(key.key)
        assert services.api_keys.holder_of(key.key) == ada.id
        assert services.api_keys.holder_of("lintel_no") is None
        await services.api_keys.revoke_key(ada, key.id)
        with pytest.raises(Unauthenticated):
            await services.api_keys.authenticate(key.key)
        assert services.api_keys.holder_of(key.key) is None

    async def test_is_remembered_of_so_many_only(
        self, services: Services, ada: Principal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(api_keys, "MAX_KNOWN", 2)
        keys = [await make(services, ada) for _ in range(3)]
        for key in [*keys, keys[2]]:
            await services.api_keys.authenticate(key.key)
        assert [services.api_keys.holder_of(key.key) for key in keys] == [None, ada.id, ada.id]


class TestNoteUse:
    async def test_is_asked_for_and_done_once_a_minute(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada)
        assert (await services.api_keys.authenticate(key.key)).is_news
        await services.api_keys.note_use(key.id)
        [first] = await rows(services)
        assert not (await services.api_keys.authenticate(key.key)).is_news
        await services.api_keys.note_use(key.id)
        assert [first] == await rows(services)
        await set_columns(services, last_used_at=utc_now() - timedelta(seconds=61))
        assert (await services.api_keys.authenticate(key.key)).is_news
        await services.api_keys.note_use(key.id)
        assert (await services.api_keys.get_key(ada, key.id)).last_used_at >= first["last_used_at"]

    async def test_harms_nobody_when_it_fails(
        self, services: Services, ada: Principal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def away(work: object) -> None:
            raise Unavailable

        key = await make(services, ada)
        monkeypatch.setattr(services.database, "run", away)
        await services.api_keys.note_use(key.id)


class TestCreateKey:
    async def test_keeps_nothing_that_opens_anything(self, services: Services, ada: Principal) -> None:
        key = await make(services, ada)
        [row] = await rows(services)
        assert key.key.removeprefix(key.prefix)[1:] not in str(row)
        assert (row["owner_id"], row["scopes"], row["last_used_at"]) == (ada.id, ["analyses:read"], None)

    async def test_gives_nobody_what_they_may_not_do(self, services: Services) -> None:
        await add_user(services)
        ada = await principal_of(services, await signed_in(services))
        with pytest.raises(InvalidInput) as refused:
            await make(services, ada, READ, MANAGE)
        assert [error.pointer for error in refused.value.errors] == ["/body/scopes/1"]
        assert await rows(services) == []

    async def test_refuses_a_time_that_is_over(self, services: Services, ada: Principal) -> None:
        with pytest.raises(InvalidInput):
            await make(services, ada, expires_at=utc_now() - timedelta(seconds=1))

    async def test_stops_at_the_most_there_may_be_also_when_all_come_at_once(
        self, make_services: ServicesFactory
    ) -> None:
        services = await make_services(max_api_keys_per_user=3)
        await add_user(services)
        ada = await principal_of(services, await signed_in(services))
        ends = await asyncio.gather(*(make(services, ada) for _ in range(8)), return_exceptions=True)
        made = [end for end in ends if isinstance(end, ApiKeyCreated)]
        assert (len(made), sum(isinstance(end, TooManyApiKeys) for end in ends)) == (3, 5)
        await services.api_keys.revoke_key(ada, made[0].id)
        await make(services, ada)

    async def test_leaves_no_more_revoked_ones_than_there_may_be_keys(self, make_services: ServicesFactory) -> None:
        services = await make_services(max_api_keys_per_user=2)
        await add_user(services)
        ada = await principal_of(services, await signed_in(services))
        for _ in range(6):
            await services.api_keys.revoke_key(ada, (await make(services, ada)).id)
        await make(services, ada)
        assert len(await rows(services)) == 3

    async def test_makes_none_for_who_was_signed_out_meanwhile(self, services: Services, ada: Principal) -> None:
        await services.sessions.logout(ada)
        with pytest.raises(Unauthenticated):
            await make(services, ada)

    @pytest.mark.parametrize("signed_in_with", [None])
    async def test_makes_none_for_a_key(self, services: Services, ada: Principal, signed_in_with: None) -> None:
        with pytest.raises(Unauthenticated):
            await make(services, Principal(ada.id, ada.permissions, session_id=signed_in_with))


class TestListKeys:
    async def test_shows_ones_own_that_were_not_revoked(self, services: Services, ada: Principal) -> None:
        kept, revoked = await make(services, ada), await make(services, ada)
        await services.api_keys.revoke_key(ada, revoked.id)
        page = await services.api_keys.list_keys(ada, ApiKeyQuery())
        listed, total = page.items, page.total
        assert ([key.id for key in listed], total) == ([kept.id], 1)
        assert (await services.api_keys.list_keys(Principal(ada.id + 1), ApiKeyQuery())).total == 0
