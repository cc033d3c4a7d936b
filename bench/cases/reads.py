"""Authenticated reads of the real service, against the same on the ORM, on the driver alone, and the usual way."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.apps.data import USERS, fill
from bench.harness.case import Case, SkippedError
from bench.harness.figures import Figure, Gate, Samples, Table, figure, ratio
from bench.harness.load import Request
from bench.harness.measure import CONNECTIONS, Plan, Variant, compare
from bench.harness.servers import App
from lintel.testing import ServerUnavailable, postgres_server

OURS, ORM, RAW, PLAIN = "ours", "ours, with the ORM", "asyncpg and msgspec", "plain FastAPI and SQLAlchemy"
LIST, ME = "/api/v1/users?size=20", "/api/v1/users/me"
COUNT = 500
ALL = "all layers, the real service"
APPS: Mapping[str, tuple[str, str]] = {
    OURS: ("bench.apps.service:create", ALL),
    ORM: ("bench.apps.orm:create", ALL),
    RAW: ("bench.apps.raw:create", "all layers, no SQLAlchemy, no response model"),
    PLAIN: ("bench.apps.plain:create", "nothing: no layer, no log"),
}


def on_sqlite(plan: Plan) -> Sequence[Table]:
    """A file."""
    with TemporaryDirectory(prefix="lintel-bench-") as folder:
        path = Path(folder) / "bench.db"
        token = asyncio.run(fill(f"sqlite:///{path}"))
        urls = {OURS: f"sqlite:///{path}", ORM: f"sqlite:///{path}", PLAIN: f"sqlite+aiosqlite:///{path}"}
        return [_table("SQLite", path, urls, token=token, plan=plan) for path in (LIST, ME)]


def on_postgres(plan: Plan) -> Sequence[Table]:
    """A server of our own, on the other core."""
    try:
        with postgres_server() as server:
            token = asyncio.run(fill(server.url))
            urls = dict.fromkeys(APPS, server.url)
            urls[PLAIN] = server.url.replace("postgresql://", "postgresql+asyncpg://")
            return [_table("PostgreSQL", path, urls, token=token, plan=plan, beside=server.pid) for path in (LIST, ME)]
    except ServerUnavailable as unavailable:
        raise SkippedError(str(unavailable)) from None


def _table(
    database: str, path: str, urls: Mapping[str, str], *, token: str, plan: Plan, beside: int | None = None
) -> Table:
    request = Request(path=path, headers={"Authorization": f"Bearer {token}"})
    variants = [
        Variant(
            name=name,
            app=App(factory=APPS[name][0], options={"database_url": url}),
            request=request,
            count=COUNT if path == LIST else 2 * COUNT,
            on=APPS[name][1],
        )
        for name, url in urls.items()
    ]
    rows = compare(variants, plan, base=OURS, beside=beside)
    what = "the list of 20" if path == LIST else "`/users/me`"
    title = f"{what[0].upper()}{what[1:]} on {database}"
    note = (
        f"`GET {path}` of {USERS} accounts by an administrator: token checked, caller looked up"
        f"{', all counted' if path == LIST else ''}; all answer the same body. {CONNECTIONS} connections, "
        f"{variants[0].count} requests a sample."
    )
    figures = _figures({row.name: row.samples for row in rows}, f"{what} on {database}", gated=beside is not None)
    return Table(title=title, unit="µs", rows=rows, base=OURS, notes=[note], figures=figures)


def _figures(samples: Samples, what: str, *, gated: bool) -> list[Figure]:
    found = []
    is_list = gated and "list" in what
    if RAW in samples:
        gate = Gate(bound=1.9, aim=1.5) if is_list else None
        found.append(figure(f"{what}: ours over asyncpg and msgspec", samples, ratio(OURS, RAW), gate=gate))
    gate = Gate(bound=1.3, at_least=True) if is_list else None
    name = f"{what}: throughput per CPU second, ours with everything on over the plain app"
    found.append(figure(name, samples, ratio(PLAIN, OURS), gate=gate))
    found.append(figure(f"{what}: the ORM over Core", samples, ratio(ORM, OURS)))
    return found


CASES = (
    Case(name="sqlite", title="Reads on SQLite", run=on_sqlite),
    Case(name="postgres", title="Reads on PostgreSQL", run=on_postgres),
)
