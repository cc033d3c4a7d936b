"""A list of a million: the first page, the ten-thousandth by cursor, and the same by its number."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text
from structlog.testing import capture_logs

from app.core.enums import UserRole, UserStatus
from app.core.migrations import MIGRATIONS
from app.models import Base
from app.repositories.analyses import AnalysisReader
from app.schemas.analyses import AnalysisQuery
from bench.apps.data import EMAIL, settings_of
from bench.harness.case import Case, SkippedError
from bench.harness.figures import Gate, Row, Table, figure, ratio
from bench.harness.measure import Plan
from bench.harness.proc import cpu_seconds
from lintel.api import Position
from lintel.db import Database, Key, Rows
from lintel.security import Principal
from lintel.testing import ServerUnavailable, postgres_server

ROWS, PAGE = 1_000_000, 10_000
FIRST, BY_KEY, BY_NUMBER = "page 1", f"page {PAGE:,} by cursor", f"page {PAGE:,} by number"
COUNTS = {FIRST: 300, BY_KEY: 300, BY_NUMBER: 3}
"""Fetches of one sample."""
MINIMUM = 2_000
"""Rows of a run that only sees whether it works: more than a page and a key."""
SERIES = {
    "sqlite": "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {rows}) ",
    "postgresql": "WITH series(n) AS (SELECT generate_series(1, {rows})) ",
}
MOMENT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', '2020-01-01', '+' || (n / 3) || ' seconds')",
    "postgresql": "timestamptz '2020-01-01' + (n / 3) * interval '1 second'",
}
FILL = (
    "INSERT INTO analyses (owner_id, text_content, analysis_type, optimization_tier, status, progress, created_at, "
    "updated_at) {series} SELECT 1, 'Good.', 'sentiment', 'basic', 'completed', 100, {moment}, {moment} FROM series"
)
FIELDS = "id,created_at,status"
ADA = Principal(1)


def run(plan: Plan) -> Sequence[Table]:
    """With three rows of each moment, so that ties are broken all the way."""
    tables = []
    with TemporaryDirectory(prefix="lintel-bench-") as folder:
        tables.append(asyncio.run(_table("SQLite", f"sqlite:///{Path(folder) / 'bench.db'}", plan)))
    try:
        with postgres_server() as server:
            tables.append(asyncio.run(_table("PostgreSQL", server.url, plan, beside=server.pid)))
    except ServerUnavailable as unavailable:
        if not tables:
            raise SkippedError(str(unavailable)) from None
    return tables


async def _table(name: str, url: str, plan: Plan, *, beside: int | None = None) -> Table:
    database, rows = Database(settings_of(url)), max(int(ROWS * plan.share), MINIMUM)
    async with database.opened():
        await _fill(database, rows)
        pages = await _pages(database, min(PAGE, rows // 20 - 1))
        found: dict[str, list[float]] = {page: [] for page in pages}
        for _ in range(plan.rounds):
            for page, fetch in pages.items():
                found[page].append(await _cost(fetch, max(int(COUNTS[page] * plan.share), 1), beside))
    what = f"{FIRST} of {ROWS:,} on {name}"
    return Table(
        title=f"A list of {ROWS:,} on {name}",
        unit="µs",
        rows=[Row(name=page, on="20 rows, newest first", samples=[round(of) for of in found[page]]) for page in found],
        base=FIRST,
        notes=["What the service's own reader and the database spend together on one fetch; nothing is counted."],
        figures=[
            figure(f"{BY_KEY} over {what}", found, ratio(BY_KEY, FIRST), gate=Gate(bound=1.3, aim=1.1)),
            figure(f"{BY_NUMBER} over {what}", found, ratio(BY_NUMBER, FIRST)),
        ],
    )


async def _fill(database: Database, rows: int) -> None:
    with capture_logs():
        await MIGRATIONS.upgrade(database.migrator)
    kind, users = database.migrator.dialect.name, Base.metadata.tables["users"]
    insert = FILL.format(series=SERIES[kind].format(rows=rows), moment=MOMENT[kind])
    async with database.migrator.begin() as connection:
        await connection.execute(
            users.insert(),
            {"id": 1, "email": EMAIL, "role": UserRole.USER, "status": UserStatus.ACTIVE, "hashed_password": "x"},
        )
        await connection.execute(text(insert))
        await connection.execute(text("ANALYZE"))


async def _pages(database: Database, number: int) -> Mapping[str, Callable[[], Awaitable[Rows]]]:
    reader = AnalysisReader(database)
    first, far = AnalysisQuery(cursor="", fields=FIELDS), AnalysisQuery(page=number, count=False, fields=FIELDS)
    before = await reader.page(ADA, AnalysisQuery(page=number - 1, count=False, fields=FIELDS))
    last = before.rows[-1]
    by_key = AnalysisQuery(cursor="x", fields=FIELDS)
    by_key.begin_at(Position(Key(last["created_at"].isoformat(), last["id"]), backwards=False))
    wanted = [row["id"] for row in (await reader.page(ADA, far)).rows]
    if [row["id"] for row in (await reader.page(ADA, by_key)).rows] != wanted:
        raise AssertionError("the two ways lead to different pages")
    return {
        FIRST: lambda: reader.page(ADA, first),
        BY_KEY: lambda: reader.page(ADA, by_key),
        BY_NUMBER: lambda: reader.page(ADA, far),
    }


async def _cost(fetch: Callable[[], Awaitable[Rows]], count: int, beside: int | None) -> float:
    """Microseconds of CPU for one fetch, of this process and of the database's."""
    before, before_beside = time.process_time(), cpu_seconds(beside) if beside else 0.0
    for _ in range(count):
        await fetch()
    spent = time.process_time() - before + (cpu_seconds(beside) - before_beside if beside else 0.0)
    return spent / count * 1e6


CASES = (Case(name="pages", title="Far pages", run=run),)
