"""`DATABASE_READER_URL`: a second PostgreSQL database, whose role can only read, and which knows nothing of writes.

A replica that is never up to date shows where each statement went.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, make_url, text

from app.core.config import Settings
from app.core.enums import UserRole
from app.main import create_app
from app.services.container import Services
from lintel.db import Database
from lintel.security import PasswordHasher
from lintel.settings import load_settings
from lintel.testing import create_database, drop_database
from tests.conftest import MIGRATIONS, PASSWORD, USUAL, RunningService

pytestmark = [pytest.mark.anyio, pytest.mark.services]

ANALYSES = "/api/v1/analyses"
NEW = {"text_content": "The room was lovely.", "analysis_type": "sentiment"}
NOBODY = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.fixture(scope="module")
def urls(postgres_url: str) -> Iterator[tuple[str, str]]:
    """A database, and one that is as empty as it was: its role may read and nothing else."""
    names, role = [f"lintel_{uuid4().hex}" for _ in range(2)], f"reader_{uuid4().hex}"
    primary, replica = (asyncio.run(migrated(postgres_url, name)) for name in names)
    asyncio.run(change(replica, f"CREATE ROLE {role} LOGIN", f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"))
    yield primary, make_url(replica).set(username=role, password=None).render_as_string(hide_password=False)
    for name in names:
        asyncio.run(drop_database(postgres_url, name))
    asyncio.run(change(postgres_url, f"DROP ROLE {role}"))


async def migrated(server: str, name: str) -> str:
    url = await create_database(server, name)
    database = Database(load_settings(Settings, env_file=None, database_url=url))
    async with database.opened():
        await MIGRATIONS.upgrade(database.migrator)
    return url


async def change(url: str, *statements: str) -> None:
    database = Database(load_settings(Settings, env_file=None, database_url=url))
    async with database.opened(), database.writer.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


@pytest.fixture
async def start(
    urls: tuple[str, str], tmp_path: Path, cheap_passwords: PasswordHasher
) -> AsyncIterator[Callable[..., Any]]:
    """Starts the service with a reader of its own."""
    await change(urls[0], "TRUNCATE users CASCADE")
    async with AsyncExitStack() as stack:

        async def start_service(**values: Any) -> RunningService:
            places = {"data_dir": tmp_path, "database_url": urls[0], "database_reader_url": urls[1]}
            settings = load_settings(
                Settings, env_file=None, **{**USUAL, "jobs_embedded_worker": False, **places, **values}
            )
            services = Services.of(settings, passwords=cheap_passwords)
            app = create_app(settings, services=services)
            await stack.enter_async_context(app.router.lifespan_context(app))
            await services.monitor.check()
            return RunningService(app, services, stack)

        yield start_service


@contextmanager
def counted(database: Database) -> Iterator[Counter[str]]:
    """Statements, by the engine that they went to."""
    counts: Counter[str] = Counter()
    engines = {"writer": database.writer, "reader": database.reader, "current": database.current}

    def note(name: str) -> Callable[..., None]:
        def on_execute(*_: Any) -> None:
            counts[name] += 1

        return on_execute

    listeners = {name: note(name) for name in engines}
    for name, engine in engines.items():
        event.listen(engine.sync_engine, "before_cursor_execute", listeners[name])
    yield counts
    for name, engine in engines.items():
        event.remove(engine.sync_engine, "before_cursor_execute", listeners[name])


class TestUpToDate:
    async def test_lists_are_read_there_and_who_asks_is_not(self, start: Callable[..., Any]) -> None:
        service = await start()
        ada = await service.person()
        with counted(service.services.database) as counts:
            listed = await ada.client.get(ANALYSES)
        assert (listed.status_code, counts) == (200, {"current": 1, "reader": 1})

    async def test_writes_and_their_answers_never_ask_it(self, start: Callable[..., Any]) -> None:
        service = await start()
        ada = await service.person()
        with counted(service.services.database) as counts:
            made = await ada.client.post(ANALYSES, json=NEW)
            renamed = await ada.client.patch("/api/v1/users/me", json={"full_name": "Ada King"})
        assert (made.status_code, renamed.json()["full_name"]) == (201, "Ada King")
        assert counts["reader"] == 0
        assert counts["writer"] > 0

    async def test_what_was_written_is_not_there_yet(self, start: Callable[..., Any]) -> None:
        """The price, which docs/guides/scaling.md names."""
        service = await start()
        ada = await service.person()
        made = await ada.client.post(ANALYSES, json=NEW)
        assert (await ada.client.get(made.headers["location"])).status_code == 404
        assert (await ada.client.get(ANALYSES)).json()["total"] == 0


class TestAccounts:
    async def test_whoever_has_just_registered_can_sign_in(self, start: Callable[..., Any]) -> None:
        visitor = await (await start()).visitor()
        await visitor.post("/api/v1/auth/register", json={"email": "eve@example.com", "password": PASSWORD})
        login = await visitor.post("/api/v1/auth/login", data={"username": "eve@example.com", "password": PASSWORD})
        assert login.status_code == 200

    async def test_whoever_is_suspended_is_out_at_once(self, start: Callable[..., Any]) -> None:
        service = await start()
        ada, root = await service.person(), await service.person("root@example.com", UserRole.ADMIN)
        assert (await ada.client.get(ANALYSES)).status_code == 200
        await root.client.patch(f"/api/v1/users/{ada.id}", json={"status": "suspended"})
        assert (await ada.client.get(ANALYSES)).status_code == 403

    async def test_a_flag_that_was_switched_is_so_at_once(self, start: Callable[..., Any]) -> None:
        service = await start()
        ada, root = await service.person(), await service.person("root@example.com", UserRole.ADMIN)
        switched = await root.client.put("/api/v1/flags/analyses", json={"enabled": False})
        assert switched.status_code == 200
        try:
            assert (await ada.client.post(ANALYSES, json=NEW)).status_code == 503
        finally:
            await root.client.delete("/api/v1/flags/analyses")


class TestAway:
    async def test_reads_are_503_and_the_rest_goes_on(self, start: Callable[..., Any]) -> None:
        service = await start(database_reader_url=NOBODY)
        ada = await service.person()  # made, and signed in
        listed = await ada.client.get(ANALYSES)
        assert (listed.status_code, "retry-after" in listed.headers) == (503, True)
        assert (await ada.client.post(ANALYSES, json=NEW)).status_code == 201

    async def test_the_service_says_that_it_is_not_ready(self, start: Callable[..., Any]) -> None:
        visitor = await (await start(database_reader_url=NOBODY)).visitor()
        ready = await visitor.get("/ready")
        assert (ready.status_code, ready.json()["detail"]) == (503, "Not ready: database.")
