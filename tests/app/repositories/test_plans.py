"""How the databases find a page far down a list: by an index alone, however far."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from app.repositories.analyses import AnalysisReader
from app.repositories.audit import AuditReader
from app.repositories.batches import BatchReader
from app.repositories.jobs import JobReader
from app.repositories.users import UserReader
from app.schemas.analyses import AnalysisQuery
from app.schemas.audit import AuditQuery, SecurityEventQuery
from app.schemas.batches import BatchQuery
from app.schemas.jobs import JobQuery, JobScope
from app.schemas.users import UserQuery
from app.services.container import Services
from lintel.api import Position
from lintel.db import Database, Key, utc_now
from lintel.security import Principal

pytestmark = pytest.mark.anyio

ADA = Principal(1)
ID = "01a1fe7c-e4ae-70df-8735-e9f71437e821"
ON_SMALL_TABLES = ("SET enable_seqscan = off", "SET enable_bitmapscan = off", "SET enable_sort = off")
"""PostgreSQL would read an empty table as a whole and sort it; whether it could do better is what is asked."""

Read = Callable[[Database], Awaitable[Any]]


def begun(query: Any, key: Key | None = None) -> Any:
    """The query in the middle of its list."""
    query = query.model_copy(update={"cursor": "x"})
    query.begin_at(Position(key or Key(utc_now().isoformat(), 7), backwards=False))
    return query


CASES: dict[str, Read] = {
    "users": lambda database: UserReader(database).page(begun(UserQuery())),
    "analyses": lambda database: AnalysisReader(database).page(ADA, begun(AnalysisQuery())),
    "batches": lambda database: BatchReader(database).page(ADA, begun(BatchQuery())),
    "all jobs": lambda database: JobReader(database).page(ADA, begun(JobQuery(scope=JobScope.ALL), Key(ID, ID))),
    "own jobs": lambda database: JobReader(database).page(ADA, begun(JobQuery(), Key(ID, ID))),
    "audit log": lambda database: AuditReader(database).page(begun(AuditQuery())),
    "security events": lambda database: AuditReader(database).page_of(1, begun(SecurityEventQuery())),
}


async def plan_of(database: Database, read: Read) -> str:
    """How the one statement of a read would be run."""
    seen: list[tuple[str, Any]] = []

    def note(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        seen.append((statement, parameters))

    event.listen(database.reader.sync_engine, "before_cursor_execute", note)
    await read(database)
    event.remove(database.reader.sync_engine, "before_cursor_execute", note)
    [(statement, parameters)] = seen
    on_postgresql = database.writer.dialect.name == "postgresql"
    async with database.writer.connect() as connection:
        for setting in ON_SMALL_TABLES if on_postgresql else ():
            await connection.execute(text(setting))
        explain = "EXPLAIN" if on_postgresql else "EXPLAIN QUERY PLAN"
        rows = (await connection.exec_driver_sql(f"{explain} {statement}", parameters)).all()
        await connection.invalidate()  # its settings go with it
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize("name", CASES)
async def test_a_far_page_is_found_by_an_index_without_sorting(services: Services, name: str) -> None:
    plan = await plan_of(services.database, CASES[name])
    pair = "jobs" not in name
    if services.database.writer.dialect.name == "postgresql":
        assert "Sort" not in plan, plan
        assert "Index Cond" in plan, plan
        if pair:
            assert "ROW(created_at, id) < ROW(" in plan.partition("Index Cond")[2].partition("\n")[0], plan
    else:
        assert "TEMP B-TREE" not in plan, plan
        assert "SEARCH" in plan, plan
        # SQLite says no more about a pair whose second is the row's own number.
        assert ("created_at<?" in plan) is pair, plan
