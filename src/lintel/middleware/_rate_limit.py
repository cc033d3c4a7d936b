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
    charges, decisions = tally.charges, tally.decisions
    agreed, standing = _agreed(charges[0].policy), _standing(charges[0], decisions[0])
    least = decisions[0]
    if len(charges) > 1:
        agreed = b", ".join([_agreed(charge.policy) for charge in charges])
        standing = b", ".join(map(_standing, charges, decisions))
        least = min(decisions, key=_tightness)
    return [
        (b"ratelimit-policy", agreed),
        (b"ratelimit", standing),
        (b"x-ratelimit-limit", b"%d" % least.limit),
        (b"x-ratelimit-remaining", b"%d" % least.remaining),
        (b"x-ratelimit-reset", b"%d" % seconds_of(least)),
    ]


def _tightness(decision: Decision) -> tuple[bool, int]:
    """Less for what refuses, then for what has less left."""
    return decision.allowed, decision.remaining


@lru_cache(maxsize=64)
def _agreed(policy: Policy) -> bytes:
    return f'"{policy.name}";q={policy.limit};w={policy.window}'.encode()


def _standing(charge: Charge, decision: Decision) -> bytes:
    return f'"{charge.policy.name}";r={decision.remaining};t={seconds_of(decision)}'.encode()
