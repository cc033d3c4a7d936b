"""A million analyses as one answer: what the server that streams them holds meanwhile."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from bench.apps.data import fill, settings_of
from bench.cases.pages import FILL, MINIMUM, MOMENT, ROWS, SERIES
from bench.harness.case import Case
from bench.harness.figures import Figure, Gate, Row, Samples, Table, figure
from bench.harness.load import HOST, Request, WrongAnswerError, send
from bench.harness.measure import CONNECTIONS, DEADLINE, Plan
from bench.harness.proc import memory
from bench.harness.servers import App, RunningApp, running
from lintel.db import Database
from lintel.files import LineFormat
from lintel.testing import ServerUnavailable, postgres_server

PATH = "/api/v1/analyses/export?format="
BEFORE = "before"
AT_MOST = {LineFormat.NDJSON: "at most, as NDJSON", LineFormat.CSV: "at most, as CSV"}
PART = 1024 * 1024
EVERY = 8
"""Parts between two looks at the server's memory."""
SILENCE = 60.0
"""Seconds after which a server that sends nothing is given up."""
WARM = 200
NOTES = (
    "One worker, asked for nothing else. Before: after some hundred answers, exports of nothing among them.",
    f"At most: the largest of what it held each time that another {EVERY} MB had come.",
)


def run(plan: Plan) -> Sequence[Table]:
    """On each database, in one format after the other."""
    with _sqlite() as url:
        tables = [_table("SQLite", url, plan)]
    with suppress(ServerUnavailable), postgres_server() as server:
        tables.append(_table("PostgreSQL", server.url, plan))
    return tables


@contextmanager
def _sqlite() -> Iterator[str]:
    with TemporaryDirectory(prefix="lintel-bench-") as folder:
        yield f"sqlite:///{Path(folder) / 'bench.db'}"


def _table(name: str, url: str, plan: Plan) -> Table:
    rows, token = max(int(ROWS * plan.share), MINIMUM), asyncio.run(fill(url))
    asyncio.run(_add_analyses(Database(settings_of(url)), rows))
    service = App(factory="bench.apps.service:create", options={"database_url": url})
    with (
        TemporaryDirectory(prefix="lintel-bench-") as folder,
        running(service, Request(path="/health"), folder=Path(folder), cores=plan.cores) as server,
    ):
        found, seconds = _sample(server, token, rows)
    per_second = ", ".join(f"{rows / taken:,.0f} as {name}" for name, taken in seconds.items())
    return Table(
        title=f"{ROWS:,} analyses as one answer, from {name}",
        unit="MB",
        rows=[Row(name=each, on="the real service", samples=samples) for each, samples in found.items()],
        notes=[*NOTES, f"Rows a second, with the client on the other core: {per_second}."],
        figures=[_growth(name, line_format, found) for line_format in LineFormat],
    )


def _sample(server: RunningApp, token: str, rows: int) -> tuple[Samples, dict[str, float]]:
    """What the server holds before, and at most while it sends each format; the seconds that each takes."""
    headers, seconds = {"Authorization": f"Bearer {token}"}, {}
    send(
        Request(path="/api/v1/analyses?size=100", headers=headers),
        port=server.port,
        count=WARM,
        connections=CONNECTIONS,
        deadline=DEADLINE,
    )
    for line_format in LineFormat:
        _export(server, f"{PATH}{line_format}&batch_id=1", headers)
    found = {BEFORE: [round(memory(server.pid).rss, 1)]}
    for line_format in LineFormat:
        started = time.perf_counter()
        lines, most = _export(server, f"{PATH}{line_format}", headers)
        seconds[line_format.value] = time.perf_counter() - started
        if lines != rows + (line_format is LineFormat.CSV):
            raise WrongAnswerError(f"{lines:,} lines of {line_format} instead of {rows:,}")
        found[AT_MOST[line_format]] = [round(most, 1)]
    return found, seconds


def _export(server: RunningApp, path: str, headers: dict[str, str]) -> tuple[int, float]:
    """The number of lines, and the most that the server held while they came."""
    lines, parts, most = 0, 0, memory(server.pid).rss
    with closing(HTTPConnection(HOST, server.port, timeout=SILENCE)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:  # noqa: PLR2004 - the status
            raise WrongAnswerError(f"{path} answered {answer.status}")
        try:
            while part := answer.read(PART):
                lines, parts = lines + part.count(b"\n"), parts + 1
                if parts % EVERY == 0:
                    most = max(most, memory(server.pid).rss)
        except HTTPException as error:
            raise WrongAnswerError(f"{path} was cut off") from error
    return lines, max(most, memory(server.pid).rss)


def _growth(name: str, line_format: LineFormat, found: Samples) -> Figure:
    return figure(
        f"memory (RSS) that a worker grows by while it streams {ROWS:,} rows as {line_format} from {name}",
        found,
        lambda sample: sample[AT_MOST[line_format]] - sample[BEFORE],
        unit="MB",
        gate=Gate(bound=20),
    )


async def _add_analyses(database: Database, rows: int) -> None:
    kind = database.migrator.dialect.name
    insert = FILL.format(series=SERIES[kind].format(rows=rows), moment=MOMENT[kind])
    async with database.opened(), database.migrator.begin() as connection:
        await connection.execute(text(insert))
        await connection.execute(text("ANALYZE"))


CASES = (Case(name="exports", title="Exports", run=run),)
