"""The audit log, without HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.audit import ANONYMOUS, Actor, ActorKind, AuditAction
from app.core.exceptions import WrongCredentials
from app.models import AuditEntry
from app.repositories.audit import MAX_DETAIL, AuditRepository
from app.services.container import Services
from lintel.db import Session, utc_now
from lintel.errors import Unavailable
from lintel.security import Client, Principal
from tests.app.conftest import ServicesFactory, add_user, recorded
from tests.app.signing_in import form
from tests.conftest import PASSWORD

pytestmark = pytest.mark.anyio


async def entries(services: Services) -> list[dict[str, Any]]:
    return await services.database.fetch_all(select(*AuditEntry.__table__.c).order_by(AuditEntry.id))


async def note(services: Services, **values: Any) -> None:
    async def work(session: Session) -> None:
        await AuditRepository(session).note(**{"action": AuditAction.USER_UPDATED, "by": None, **values})

    await services.database.run(work)


class TestNote:
    async def test_is_undone_with_what_it_tells(self, services: Services) -> None:
        async def work(session: Session) -> None:
            await AuditRepository(session).note(AuditAction.USER_DELETED, by=None, user_id=1)
            raise WrongCredentials

        with pytest.raises(WrongCredentials):
            await services.database.run(work)
        assert await entries(services) == []

    @pytest.mark.parametrize(
        ("by", "expected"),
        [
            (None, (ActorKind.SYSTEM, None, None)),
            (ANONYMOUS, (ActorKind.ANONYMOUS, None, None)),
            (Actor.user(5), (ActorKind.USER, 5, None)),
            (Principal(5), (ActorKind.USER, 5, None)),
            (Principal(5, api_key_id=7), (ActorKind.API_KEY, 5, 7)),
        ],
    )
    async def test_tells_who(self, services: Services, by: Any, expected: tuple[Any, ...]) -> None:
        await note(services, by=by)
        [entry] = await entries(services)
        assert (entry["actor_kind"], entry["actor_id"], entry["api_key_id"]) == expected

    async def test_outside_of_a_request_comes_from_nowhere(self, services: Services) -> None:
        await note(services)
        [entry] = await entries(services)
        assert (entry["ip_address"], entry["user_agent"], entry["request_id"]) == (None, None, None)

    async def test_refuses_a_detail_without_bounds(self, services: Services) -> None:
        with pytest.raises(ValueError, match="too long"):
            await note(services, detail={"text": "x" * MAX_DETAIL})

    async def test_values_fit_their_column(self) -> None:
        assert max(len(action) for action in AuditAction) <= 32


class TestSignIn:
    async def test_costs_one_statement_more_of_five(self, services: Services) -> None:
        await add_user(services)
        with recorded(services.database) as seen:
            await services.sessions.login(form(), Client())
        ours = [statement for statement in seen if not statement.startswith("BEGIN")]
        assert len(ours) <= 5
        assert sum("audit_entries" in statement for statement in ours) == 1

    async def test_that_fails_costs_the_same_for_every_address(self, services: Services) -> None:
        await add_user(services)
        counts = []
        for name in ("ada@example.com", "nobody@example.com"):
            with recorded(services.database) as seen, pytest.raises(WrongCredentials):
                await services.sessions.login(form(name, "Wrong-password-1"), Client())
            counts.append([statement.partition(" ")[0] for statement in seen])
        assert counts[0] == counts[1]

    async def test_is_not_refused_without_its_entry(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
        async def away(*_: object, **__: object) -> None:
            raise Unavailable

        monkeypatch.setattr(services.audit, "refused", away)
        with pytest.raises(Unavailable):
            await services.sessions.login(form(password="Wrong-password-1"), Client())


class TestFingerprint:
    async def test_takes_the_secret_to_be_made_again(self, make_services: ServicesFactory) -> None:
        one = await make_services()
        other = await make_services(secret_key="another key that is long enough 0123456789")
        assert one.audit.fingerprint("a@b.c") == one.audit.fingerprint("a@b.c")
        assert one.audit.fingerprint("a@b.c") != other.audit.fingerprint("a@b.c")


class TestRetention:
    async def test_deletes_what_is_older_than_the_setting_however_much_that_is(
        self, make_services: ServicesFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        services = await make_services(audit_retention_days=30)
        monkeypatch.setattr("app.services.audit.DELETED_AT_ONCE", 2)
        for number in range(6):
            await note(services, user_id=number + 1)
        async with services.database.writer.begin() as connection:
            old = utc_now() - timedelta(days=30, minutes=1)
            await connection.execute(update(AuditEntry).where(AuditEntry.user_id <= 5).values(created_at=old))
            young = utc_now() - timedelta(days=29, hours=23)
            await connection.execute(update(AuditEntry).where(AuditEntry.user_id == 6).values(created_at=young))
        assert await services.audit.delete_old() == 5
        assert [entry["user_id"] for entry in await entries(services)] == [6]


async def test_the_first_administrator_is_made_and_restored_by_the_service(services: Services) -> None:
    await services.users.ensure_admin("root@example.com", PASSWORD)
    await services.users.ensure_admin("root@example.com", PASSWORD)
    await services.users.ensure_admin("root@example.com", PASSWORD, reset=True)
    found = [(entry["action"], entry["actor_kind"]) for entry in await entries(services)]
    assert found == [("user.created", "system"), ("user.restored", "system")]
