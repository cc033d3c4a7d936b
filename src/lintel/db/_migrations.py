"""Alembic without its command line: the same from a service, a test and a deployment."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import AsyncEngine

LOCK_ID = 5_121_716
"""One number for all replicas, so that only one of them migrates a PostgreSQL database at a time."""
LOCK_TIMEOUT = "30s"


class NotMigratedError(Exception):
    """A database that is not what the service needs; `upgrade` makes it so."""


class Migrations:
    """The migrations in one folder.

    Args:
        folder: The one with `env.py` and `versions/`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._revisions: list[str] | None = None

    async def upgrade(self, engine: AsyncEngine, revision: str = "head") -> None:
        """Bring a database to a revision, from any state, an empty one included.

        Args:
            engine: `Database.migrator`; another engine's timeouts would cut long statements short.
            revision: Where to.
        """
        await self._run(engine, lambda config: command.upgrade(config, revision))

    async def downgrade(self, engine: AsyncEngine, revision: str) -> None:
        """Take a database back to a revision; `base` empties it."""
        await self._run(engine, lambda config: command.downgrade(config, revision))

    async def check(self, engine: AsyncEngine) -> None:
        """Whether the service can work with a database; for health checks.

        A revision that this version does not know is a newer one: during a roll-out that is as it should be.

        Raises:
            NotMigratedError: The database is empty, or older than the newest revision.
        """
        current = await self.current(engine)
        if current is None or current in self.revisions()[:-1]:
            raise NotMigratedError(f"the database is at {current}")

    async def current(self, engine: AsyncEngine) -> str | None:
        """The revision of a database; None for an empty one."""
        async with engine.connect() as connection:
            return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())

    async def drift(self, engine: AsyncEngine, metadata: MetaData) -> list[object]:
        """What the models say that the database does not, or the reverse; empty when they agree."""

        def compare(sync: Connection) -> list[object]:
            context = MigrationContext.configure(sync, opts={"compare_type": True, "compare_server_default": True})
            return list(compare_metadata(context, metadata))

        async with engine.connect() as connection:
            return await connection.run_sync(compare)

    def revisions(self) -> list[str]:
        """All revisions, oldest first.

        Raises:
            alembic.util.CommandError: The history has two heads.
        """
        if self._revisions is None:
            script = ScriptDirectory.from_config(self._config())
            script.get_current_head()
            self._revisions = [revision.revision for revision in reversed(list(script.walk_revisions()))]
        return self._revisions

    def _config(self) -> Config:
        config = Config()
        # Alembic reads % as the start of an interpolation.
        config.set_main_option("script_location", str(self._folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        return config

    async def _run(self, engine: AsyncEngine, run: Callable[[Config], None]) -> None:
        def run_on(sync: Connection) -> None:
            config = self._config()
            config.attributes["connection"] = sync
            run(config)

        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
                await connection.execute(text("SET LOCAL statement_timeout = 0"))
                await connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": LOCK_ID})
            await connection.run_sync(run_on)
