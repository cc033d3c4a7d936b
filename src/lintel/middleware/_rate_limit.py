"""Nobody may ask for more than their share."""

from collections.abc import Awaitable
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lintel.errors import TooManyRequests, problem_of
from lintel.middleware._headers import RawHeader
from lintel.observability import RateLimitMetrics
from lintel.ratelimit import (
    ANONYMOUS,
    GENERAL,
    Caller,
    Charge,
    CostTable,
    Decision,
    Policy,
    RateLimit,
    Tally,
    client_key,
    keep_tally,
    seconds_of,
)

COUNTED = frozenset({"http", "websocket"})
ONE = (GENERAL,)
LISTS = (b"ratelimit-policy", b"ratelimit")
"""Fields that tell of every policy, the tightest first; the others tell of that one."""
ANSWERS = frozenset({"http.response.start", "websocket.http.response.start"})


class RateLimitMiddleware:
    """Counts each request and refuses those beyond a limit (429); every counted answer says how things stand.

    A request counts under one policy for whatever its caller does, and under those that its route declares (`costs`):
    under all of them or, if one is used up, under none. The fields are `RateLimit` and `RateLimit-Policy`
    (draft-ietf-httpapi-ratelimit-headers-11), which list them all, and `X-RateLimit-*` for clients that know only
    these, about the one that has least left. Opening a WebSocket counts as one request.

    Args:
        app: The application within.
        rate_limit: Who counts, and what.
        table: What requests cost; without one, everything is one request under the general policy.
        metrics: Counts refusals, and what was counted without the shared counters.
    """

    def __init__(
        self,
        app: ASGIApp,
        rate_limit: RateLimit,
        *,
        table: CostTable | None = None,
        metrics: RateLimitMetrics | None = None,
    ) -> None:
        self.app = app
        self._limit = rate_limit
        self._table = table
        self._metrics = metrics
        self._uncounted = frozenset(rate_limit.uncounted) | {f"{path}/" for path in rate_limit.uncounted}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in COUNTED or scope["path"] in self._uncounted:
            await self.app(scope, receive, send)
            return
        tally = self._tally_of(scope)

        def send_with_headers(message: Message) -> Awaitable[None]:
            if message["type"] in ANSWERS and tally.decisions:
                message["headers"] = [*message.get("headers", ()), *_fields(tally)]
                if self._metrics is not None and not tally.is_usual:
                    self._metrics.count(tally.charges, tally.decisions)
            return send(message)

        try:
            await tally.count()
        except TooManyRequests as refusal:
            await problem_of(refusal, scope["path"])(scope, receive, send_with_headers)
            return
        await self.app(scope, receive, send_with_headers)

    def _tally_of(self, scope: Scope) -> Tally:
        limit = self._limit
        caller = (limit.identify and limit.identify(scope)) or Caller(client_key(scope), ANONYMOUS)
        general = limit.tiers.get(caller.tier, limit.policy)
        costs = self._table.of(scope) if self._table is not None else None
        if costs is None:
            return Tally(limit.limiter, ONE, () if general is None else (Charge(general, caller.key),))
        found = {name: limit.policies.get(name, general) for name in (GENERAL, *costs)}
        names = [name for name, policy in found.items() if policy is not None]
        charges = [
            Charge(policy, caller.key, costs.get(name, 1)) for name, policy in found.items() if policy is not None
        ]
        tally = Tally(limit.limiter, names, charges)
        keep_tally(scope, tally)
        return tally


def _fields(tally: Tally) -> list[RawHeader]:
    if len(tally.charges) == 1:
        return _fields_of(tally.charges[0].policy, tally.decisions[0])
    standings = sorted(zip(tally.charges, tally.decisions, strict=True), key=_tightness)
    fields = [_fields_of(charge.policy, decision) for charge, decision in standings]
    lists = [(name, b", ".join([one[place][1] for one in fields])) for place, name in enumerate(LISTS)]
    return [*lists, *fields[0][len(LISTS) :]]


def _fields_of(policy: Policy, decision: Decision) -> list[RawHeader]:
    name, agreed, limit = _constants(policy)
    remaining, reset = b"%d" % decision.remaining, b"%d" % seconds_of(decision)
    return [
        (b"ratelimit-policy", agreed),
        (b"ratelimit", b'"%b";r=%b;t=%b' % (name, remaining, reset)),
        (b"x-ratelimit-limit", limit),
        (b"x-ratelimit-remaining", remaining),
        (b"x-ratelimit-reset", reset),
    ]


def _tightness(standing: tuple[Charge, Decision]) -> tuple[bool, int]:
    """Less for what refuses, then for what has less left."""
    return standing[1].allowed, standing[1].remaining


@lru_cache(maxsize=64)
def _constants(policy: Policy) -> tuple[bytes, bytes, bytes]:
    name = policy.name.encode()
    return name, b'"%b";q=%d;w=%d' % (name, policy.limit, policy.window), b"%d" % policy.limit
