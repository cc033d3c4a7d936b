"""What is left of users who have gone."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.core.enums import AnalysisType, UserRole
from app.core.permissions import Permission
from app.jobs import EraseFiles
from app.models import AuditEntry, Base, Job, User
from app.schemas.analyses import AnalysisCreate
from app.schemas.api_keys import ApiKeyCreate
from app.schemas.exports import ExportCreate
from app.schemas.passwords import ForgotPassword
from app.schemas.profiles import ProfileReplace
from app.services.container import Services
from lintel.db import utc_now
from lintel.security import Client
from tests.app.conftest import ServicesFactory, add_user, principal_of
from tests.app.signing_in import ada as who
from tests.app.signing_in import signed_in
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

OF_A_USER = ("owner_id", "user_id", "invited_by")


async def live_much(services: Services, count: int = 3) -> int:
    """A user with something of everything; their id."""
    user = await add_user(services)
    token = await signed_in(services, Client("203.0.113.7", "curl"))
    principal = await who(services, token)
    new = AnalysisCreate(text_content="It is lovely.", analysis_type=AnalysisType.SENTIMENT)
    for _ in range(count):
        await services.analyses.create_analysis(principal, new)
    await services.api_keys.create_key(principal, ApiKeyCreate(name="x", scopes=[Permission.JOBS_READ]))
    await services.profiles.replace_profile(principal, user.id, ProfileReplace(bio="Poet", preferences={}))
    await services.passwords.forgot(ForgotPassword(email=user.email))
    await services.exports.create_export(principal, ExportCreate())
    for key in (f"exports/{user.id}/a.ndjson", f"avatars/{user.id}/a.webp"):
        await services.storage.put(key, b"x", content_type="text/plain")
    return user.id


async def left(services: Services, user_id: int, *, days: int) -> None:
    await services.users.delete_user(user_id)
    await left_since(services, user_id, days=days)


async def left_since(services: Services, user_id: int, *, days: int) -> None:
    """Have somebody who left have done so a while ago."""
    async with services.database.writer.begin() as connection:
        moment = utc_now() - timedelta(days=days)
        await connection.execute(update(User).where(User.id == user_id).values(deleted_at=moment))


async def rows_of(services: Services, user_id: int) -> dict[str, int]:
    """How many rows of each table are somebody's, the log aside."""
    found: dict[str, int] = {}
    for table in Base.metadata.sorted_tables:
        columns: Any = [table.c[name] for name in OF_A_USER if name in table.c]
        columns += [table.c.id] if table.name == "users" else []
        for column in columns if table.name != "audit_entries" else ():
            [row] = await services.database.fetch_all(
                select(func.count().label("n")).select_from(table).where(column == user_id)
            )
            found[f"{table.name}.{column.name}"] = row["n"]
    return found


async def keys(services: Services) -> set[str]:
    return {file.key for file in (await services.storage.list_files()).files}


async def stamp_addresses(services: Services) -> None:
    """Have every entry of the log come from somewhere, as over HTTP."""
    async with services.database.writer.begin() as connection:
        await connection.execute(update(AuditEntry).values(ip_address="192.0.2.1", user_agent="curl"))


class TestPurgeUsers:
    async def test_leaves_nothing_of_who_left_long_ago_but_numbers_in_the_log(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.services.purging.AT_ONCE", 2)
        user_id = await live_much(services)
        assert (await rows_of(services, user_id))["analyses.owner_id"] == 3
        await left(services, user_id, days=31)
        bob = await add_user(services, "bob@example.com")
        assert await services.purging.purge_users() == 1
        assert set((await rows_of(services, user_id)).values()) == {0}
        assert (await rows_of(services, bob.id))["users.id"] == 1
        assert await keys(services) == set()
        assert await services.purging.purge_users() == 0

    async def test_takes_out_of_the_log_where_they_were_and_leaves_where_administrators_were(
        self, services: Services
    ) -> None:
        admin = await add_user(services, "root@example.com", UserRole.ADMIN)
        user_id = await live_much(services)
        await services.users.delete_user(user_id, by=principal_of(admin))
        await stamp_addresses(services)
        await left_since(services, user_id, days=31)
        await services.purging.purge_users()
        entries = await services.database.fetch_all(
            select(*AuditEntry.__table__.c).where(AuditEntry.user_id == user_id).order_by(AuditEntry.id)
        )
        by_action = {entry["action"]: (entry["ip_address"], entry["user_agent"]) for entry in entries}
        assert len(entries) == 6
        assert by_action == {
            "user.created": ("192.0.2.1", "curl"),  # by the service
            "signin.succeeded": (None, None),
            "api_key.created": (None, None),
            "password.reset_asked": (None, None),
            "user.deleted": ("192.0.2.1", "curl"),  # by the administrator
            "user.purged": (None, None),
        }

    async def test_waits_as_long_as_is_set(self, make_services: ServicesFactory) -> None:
        services = await make_services(users_purge_days=90)
        user_id = await live_much(services)
        await left(services, user_id, days=89)
        assert await services.purging.purge_users() == 0
        assert (await rows_of(services, user_id))["analyses.owner_id"] == 3

    async def test_takes_nobody_who_is_there(self, services: Services) -> None:
        user_id = await live_much(services)
        assert await services.purging.purge_users() == 0
        assert len(await keys(services)) == 2
        assert (await rows_of(services, user_id))["users.id"] == 1


class TestEraseFiles:
    async def test_is_asked_for_with_the_deletion_and_takes_their_files_alone(self, services: Services) -> None:
        user_id = await live_much(services)
        other = f"exports/{user_id}0/a.ndjson"
        await services.storage.put(other, b"x", content_type="text/plain")
        await services.users.delete_user(user_id)
        [job] = await services.database.fetch_all(select(Job.payload).where(Job.kind == EraseFiles.kind))
        assert job["payload"] == {"user_id": user_id}
        assert await services.purging.erase_files(user_id) == 2
        assert await keys(services) == {other}

    async def test_ends_links(self, service: RunningService, ada: Person) -> None:
        services, key = service.services, f"exports/{ada.id}/a.ndjson"
        await services.storage.put(key, b"mine", content_type="text/plain")
        url = await services.storage.signed_url(
            key, expires_in=timedelta(minutes=5), filename="a", content_type="text/plain", disposition="attachment"
        )
        visitor = await service.visitor()
        assert (await visitor.get(url)).content == b"mine"
        assert (await ada.client.delete("/api/v1/users/me")).status_code == 204
        await services.purging.erase_files(ada.id)
        assert (await visitor.get(url)).status_code == 404
