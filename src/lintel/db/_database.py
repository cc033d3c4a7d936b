"""The two doors to the database: units of work that write, and reads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from contextvars import ContextVar
from functools import cached_property
from typing import Any, TypeVar

import stamina
from sqlalchemy import Engine, Executable, event, text
from sqlalchemy.exc import MultipleResultsFound, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.pool import QueuePool
from sqlalchemy.util.concurrency import greenlet_spawn

from lintel.db._engines import create_current, create_express, create_migrator, create_reader, create_writer
from lintel.db._faults import (
    connection_faults,
    database_faults,
    is_lost_connection,
    is_retriable,
    translate_silence,
)
from lintel.db._rows import as_dicts
from lintel.errors import Unavailable
from lintel.settings import DatabaseSettings

Session = AsyncSession
"""What a unit of work writes with."""

T = TypeVar("T")
Work = Callable[[Session], Awaitable[T]]

RETRY: Mapping[str, Any] = {"attempts": 4, "wait_initial": 0.02, "wait_jitter": 0.05, "wait_max": 0.5}
"""The first attempt and three more, with back-off in seconds, for a unit that another transaction got in the way of."""

Listener = Callable[[Collection[str]], Awaitable[None]]
"""Hears what a unit has changed."""

_CHANGED = "lintel.changed"

_unit: ContextVar["_Unit | None"] = ContextVar("unit_of_work", default=None)


class Database:
    """A writer and a reader on one database (the reader may be a replica, and then be behind).

    Engines connect when first used, so an object of this class can be made before there is an event loop.
    """

    def __init__(self, settings: DatabaseSettings) -> None:
        self._settings = settings
        self.writer = create_writer(settings)
        self.reader = create_reader(settings)
        self.current = create_current(settings, self.reader)
        self._express = create_express(settings)
        self._abandoned: set[asyncio.Task[None]] = set()
        self._listeners: list[Listener] = []
        for engine in self._engines():
            event.listen(engine.sync_engine, "handle_error", translate_silence)
        self._sessions = async_sessionmaker(self.writer, expire_on_commit=False, autoflush=False)

    @cached_property
    def migrator(self) -> AsyncEngine:
        """The engine for `Migrations`: a writer whose statements may take their time."""
        return create_migrator(self._settings)

    def on_changed(self, listener: Listener) -> None:
        """Tell somebody, after each commit, what was noted with `note_changed`; for caches.

        It is told as well when the outcome is unknown, and before the unit's result is returned. It must not raise.
        """
        self._listeners.append(listener)

    async def run(self, work: Work[T]) -> T:
        """Run a unit of work and commit it; its result is returned after the commit, never before.

        The unit must be a function that can be run again: after a deadlock or a serialization failure the whole of it
        is. What must be kept although the request fails is returned as a result and raised by the caller, after the
        commit; what is raised within undoes everything.

        Args:
            work: Gets the session, flushes as it likes, never commits.

        Raises:
            Unavailable: The database does not answer, or the connection was lost while committing, in which case the
                outcome is unknown and nothing is repeated.
            RuntimeError: A unit of work inside another.
        """
        outer = _unit.get()
        if outer is not None and outer.is_running:
            raise RuntimeError("a unit of work must not run inside another: pass the session instead")
        unit = _Unit()
        token = _unit.set(unit)
        try:
            with database_faults():
                async for attempt in stamina.retry_context(on=_may_run_again, **RETRY):
                    with attempt:
                        return await self._once(work)
                raise AssertionError("unreachable")  # pragma: no cover - the loop returns or raises
        finally:
            unit.is_running = False
            _unit.reset(token)

    async def _once(self, work: Work[T]) -> T:
        async with self._connected(self.writer) as connection, self._sessions(bind=connection) as session:
            result = await work(session)
            await session.flush()
            try:
                await session.commit()
            except Exception as error:
                await session.invalidate()  # SQLite would keep the transaction, and with it the only writer
                if is_lost_connection(error):
                    raise CommitUnknown from error
                raise
            finally:  # a caller who is cancelled while it commits may have committed
                await self._tell(session)
            return result

    async def _tell(self, session: Session) -> None:
        names: set[str] = session.info.get(_CHANGED, set())
        if names and self._listeners:
            # A task of its own: whoever is cancelled here cannot wait, and has changed it all the same.
            telling = asyncio.create_task(self._tell_all(names))
            self._abandoned.add(telling)
            telling.add_done_callback(self._abandoned.discard)
            await asyncio.shield(telling)

    async def _tell_all(self, names: Collection[str]) -> None:
        for listener in self._listeners:
            await listener(names)

    async def execute(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run one statement that writes a few rows, as a unit of work of its own; the rows that it returns.

        On PostgreSQL over connections of its own, and without the round trips that begin and commit. Not repeated:
        whoever needs it decides whether it can be. The statement must find its rows by an index.

        Raises:
            Unavailable: The database does not answer; the outcome is unknown.
        """
        if self._express is None:
            return await self.run(lambda session: _rows_of(session, statement, parameters))
        return await self._fetch(self._express, statement, parameters)

    async def fetch_all(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None, *, current: bool = False
    ) -> list[dict[str, Any]]:
        """Every row that one statement finds, by column name, outside of any transaction.

        Args:
            statement: Reads.
            parameters: Its parameters.
            current: Never from a replica: for what somebody is let in by, and the like.

        Raises:
            Unavailable: The database does not answer.
        """
        return await self._fetch(self.current if current else self.reader, statement, parameters)

    async def fetch_one(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None, *, current: bool = False
    ) -> dict[str, Any] | None:
        """The row that one statement finds, by column name, if it finds one; see `fetch_all`.

        Raises:
            Unavailable: The database does not answer.
            MultipleResultsFound: There are several.
        """
        rows = await self.fetch_all(statement, parameters, current=current)
        if len(rows) > 1:
            raise MultipleResultsFound
        return rows[0] if rows else None

    async def _fetch(
        self, engine: AsyncEngine, statement: Executable, parameters: Mapping[str, Any] | None
    ) -> list[dict[str, Any]]:
        with database_faults():
            if _has_idle_connection(engine):
                # One switch into SQLAlchemy's synchronous part instead of one to connect, to ask and to give back.
                return await greenlet_spawn(_fetch, engine.sync_engine, statement, parameters)
            async with self._connected(engine) as connection:
                return as_dicts(await connection.execute(statement, parameters))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for several reads, outside of any transaction.

        Raises:
            Unavailable: The database does not answer.
        """
        with database_faults():
            async with self._connected(self.reader) as connection:
                yield connection

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        # A connection that is being made when its caller is cancelled belongs to nobody, and would never be closed.
        connecting = asyncio.ensure_future(engine.connect())
        try:
            with connection_faults():
                connection = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            giving_back = asyncio.ensure_future(_give_back(connecting))
            self._abandoned.add(giving_back)
            giving_back.add_done_callback(self._abandoned.discard)
            raise
        async with aclosing(connection):
            yield connection

    async def ping(self) -> None:
        """Ask both doors for an answer; for health checks.

        Raises:
            Unavailable: One of them does not answer, or on SQLite somebody else keeps the file locked.
        """
        async with self.read() as connection:
            await connection.execute(text("SELECT 1"))
        with database_faults():
            async with self._connected(self.writer) as connection:
                await connection.execute(text("SELECT 1"))

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Close all connections at the end; for a service's lifespan."""
        try:
            yield
        finally:
            if self._abandoned:
                await asyncio.wait(self._abandoned, timeout=self._settings.database_pool_timeout)
            for engine in self._engines():
                await engine.dispose()
            if "migrator" in self.__dict__:
                await self.migrator.dispose()

    def _engines(self) -> list[AsyncEngine]:
        engines = {self.writer, self.reader, self.current, self._express}
        return [engine for engine in engines if engine is not None]

    def checked_out(self) -> int:
        """Connections in use at this moment."""
        pools = [engine.pool for engine in self._engines()]
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))


def note_changed(session: Session, *names: str) -> None:
    """Note within a unit of work what it changes; who asked by `Database.on_changed` hears of it after the commit."""
    session.info.setdefault(_CHANGED, set()).update(names)


def _has_idle_connection(engine: AsyncEngine) -> bool:
    return isinstance(engine.pool, QueuePool) and engine.pool.checkedin() > 0


def _fetch(engine: Engine, statement: Executable, parameters: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    with connection_faults():  # an idle connection may turn out to be lost, and another be made in its place
        connection = engine.connect()
    with connection:
        return as_dicts(connection.execute(statement, parameters))


async def _rows_of(
    session: Session, statement: Executable, parameters: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    return as_dicts(await session.execute(statement, parameters))


async def _give_back(connecting: "asyncio.Future[AsyncConnection]") -> None:
    with suppress(SQLAlchemyError, OSError, TimeoutError):
        connection = await connecting
        await connection.close()


class CommitUnknown(Unavailable):
    """The connection was lost while committing: the unit may have been kept or undone, and is not run again."""

    code = "OUTCOME_UNKNOWN"
    title = "Outcome unknown"
    meaning = "The connection to the database was lost while it was told to keep the change. Look before you repeat it."

    def __init__(self) -> None:
        super().__init__(retry_after=None)


class _Unit:
    """Whether a unit of work still runs. Tasks started within keep this object, also when they outlive it."""

    is_running = True


def _may_run_again(error: Exception) -> bool:
    return is_retriable(error) or is_lost_connection(error)
