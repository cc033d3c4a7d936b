"""What finding a route costs."""

from collections.abc import Sequence

from bench.apps.routes import GROUPS, LAST, LAST_WITH_ID, ROUTES
from bench.harness.case import Case
from bench.harness.figures import Figure, Gate, Samples, Table, figure, ratio
from bench.harness.load import Request
from bench.harness.measure import CONNECTIONS, Plan, Variant, compare
from bench.harness.servers import App

COUNT = 3_000
FASTAPI_DIRECT, FASTAPI_NESTED = "FastAPI, direct", "FastAPI, nested"
OURS_DIRECT, OURS_NESTED = "ours, direct", "ours, nested"
GATE = Gate(bound=1.10, aim=1.0)

APPS = {
    FASTAPI_DIRECT: (App(factory="bench.apps.routes:direct"), "FastAPI, both endpoints on the app"),
    FASTAPI_NESTED: (App(factory="bench.apps.routes:nested"), "FastAPI's own matching"),
    OURS_DIRECT: (
        App(factory="bench.apps.routes:ours", options={"routes": "direct"}),
        "create_app without layers, both endpoints in one router",
    ),
    OURS_NESTED: (
        App(factory="bench.apps.routes:ours", options={"routes": "nested"}),
        "create_app without layers",
    ),
}


def run(plan: Plan) -> Sequence[Table]:
    """A path without parameters, and one with a number in it."""
    return [
        _table("The last of 60 routes", LAST, plan, gated=True),
        _table("The last of 60 routes, with a parameter", LAST_WITH_ID.format(item_id=7), plan, gated=True),
    ]


def _table(title: str, path: str, plan: Plan, *, gated: bool) -> Table:
    request = Request(path=path)
    variants = [Variant(name=name, app=app, request=request, count=COUNT, on=on) for name, (app, on) in APPS.items()]
    rows = compare(variants, plan, base=FASTAPI_DIRECT)
    figures = _figures({row.name: row.samples for row in rows}, title, GATE if gated else None)
    note = (
        f"`GET {path}`, nested: {GROUPS} routers of {ROUTES} routes in a router with a prefix; "
        f"{CONNECTIONS} connections, {COUNT} requests a sample."
    )
    return Table(title=title, unit="µs", rows=rows, base=FASTAPI_DIRECT, notes=[note], figures=figures)


def _figures(samples: Samples, title: str, gate: Gate | None) -> list[Figure]:
    last = title.removeprefix("The ")
    return [
        figure(f"{last}, over a direct route on the same stack", samples, ratio(OURS_NESTED, OURS_DIRECT), gate=gate),
        figure(f"{last}, over a direct route on bare FastAPI", samples, ratio(OURS_NESTED, FASTAPI_DIRECT)),
        figure(f"{last}, FastAPI's own matching over its direct route", samples, ratio(FASTAPI_NESTED, FASTAPI_DIRECT)),
    ]


CASES = (Case(name="routes", title="Routes", run=run),)
