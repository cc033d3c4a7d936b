"""Our whole stack, and the typical one, against bare FastAPI."""

from collections.abc import Sequence

from bench.apps import typical
from bench.apps.item import PATH
from bench.apps.stack import layer_names
from bench.harness.case import Case
from bench.harness.figures import Figure, Gate, Samples, Table, addition, figure, ratio
from bench.harness.load import Request
from bench.harness.measure import CONNECTIONS, Plan, Variant, compare
from bench.harness.servers import App

BARE, FULL, TYPICAL = "bare FastAPI", "our stack", "typical stack"
ASK = Request(path=PATH)
COUNT = 4_000
EMPTY = (1, 5, 20)
"""So many layers that do nothing; one alone costs less than a sample can show."""
ASKED = f"`GET {PATH}`: a small JSON body with a response model, {CONNECTIONS} connections, {COUNT} requests a sample."
ACCESS_LOG, RATE_LIMIT = "AccessLogMiddleware", "RateLimitMiddleware"
"""Names of layers whose own cost has a gate."""

BARE_APP = Variant(name=BARE, app=App(factory="bench.apps.bare:create"), request=ASK, count=COUNT, on="nothing")


def whole(plan: Plan) -> Sequence[Table]:
    """Everything on, against nothing and against the usual."""
    names = layer_names()
    gated = [name for name in (ACCESS_LOG, RATE_LIMIT) if name in names]
    variants = [
        BARE_APP,
        _ours(FULL, ", ".join(map(short, reversed(names)))),
        *(_ours(f"our stack without {short(name)}", f"all but {short(name)}", without=[name]) for name in gated),
        Variant(
            name=TYPICAL, app=App(factory="bench.apps.typical:create"), request=ASK, count=COUNT // 8, on=typical.ON
        ),
    ]
    rows = compare(variants, plan, base=BARE)
    figures = _figures({row.name: row.samples for row in rows})
    title = "One JSON endpoint under whole stacks"
    return [Table(title=title, unit="µs", rows=rows, base=BARE, notes=[ASKED], figures=figures)]


def layer_by_layer(plan: Plan) -> Sequence[Table]:
    """Each layer added to those within it."""
    names = layer_names()
    variants = [BARE_APP, _ours("create_app without layers", "strict route, route index, error handlers", innermost=0)]
    variants += [
        _ours(f"+ {short(name)}", f"{number} of {len(names)} layers", innermost=number)
        for number, name in enumerate(names, start=1)
    ]
    rows = compare(variants, plan, base=BARE)
    title = "Our stack, built up from FastAPI outwards"
    return [Table(title=title, unit="µs", rows=rows, base=BARE, notes=[ASKED])]


def empty_layers(plan: Plan) -> Sequence[Table]:
    """What any pure-ASGI layer costs before it does anything."""
    variants = [
        BARE_APP,
        *(
            Variant(
                name=f"+ {number} empty",
                app=App(factory="bench.apps.bare:create", options={"layers": number}),
                request=ASK,
                count=COUNT,
                on=f"{number} pure-ASGI layers",
            )
            for number in EMPTY
        ),
    ]
    rows = compare(variants, plan, base=BARE)
    each = figure(
        f"each extra pure-ASGI layer (one of {EMPTY[-1]})",
        {row.name: row.samples for row in rows},
        addition(variants[-1].name, BARE, base=BARE, times=EMPTY[-1]),
        gate=Gate(bound=1.02),
    )
    title = "Layers that do nothing"
    return [Table(title=title, unit="µs", rows=rows, base=BARE, notes=[ASKED], figures=[each])]


def short(layer: str) -> str:
    """`AccessLogMiddleware` as a reader says it: access log."""
    words = "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in layer.removesuffix("Middleware"))
    return {"c o r s": "CORS", "head": "HEAD"}.get(words.strip(), words.strip())


def _ours(name: str, on: str, **options: object) -> Variant:
    app = App(factory="bench.apps.stack:create", options=options)
    return Variant(name=name, app=app, request=ASK, count=COUNT, on=on)


def _figures(samples: Samples) -> list[Figure]:
    figures = [
        figure(
            "our stack, all layers on, over bare FastAPI", samples, ratio(FULL, BARE), gate=Gate(bound=1.75, aim=1.45)
        ),
        figure("the typical stack over bare FastAPI", samples, ratio(TYPICAL, BARE)),
        figure("the typical stack over ours", samples, ratio(TYPICAL, FULL)),
    ]
    for layer, name, gate in (
        (ACCESS_LOG, "the stack with its access log, over the stack without", Gate(bound=1.25, aim=1.15)),
        (RATE_LIMIT, "the stack with rate limits in memory, over the stack without", Gate(bound=1.10)),
    ):
        without = f"our stack without {short(layer)}"
        if without in samples:
            figures.append(figure(name, samples, ratio(FULL, without), gate=gate))
    return figures


CASES = (
    Case(name="stack", title="The stack", run=whole),
    Case(name="layers", title="Layer by layer", run=layer_by_layer),
    Case(name="empty", title="Layers that do nothing", run=empty_layers),
)
