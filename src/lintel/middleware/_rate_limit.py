"""Nobody may ask for more than their share."""

import math

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lintel.errors import TooManyRequests, problem_of
from lintel.middleware._headers import RawHeader
from lintel.ratelimit import Decision, RateLimit, client_key

COUNTED = frozenset({"http", "websocket"})
ANSWERS = frozenset({"http.response.start", "websocket.http.response.start"})

_log = structlog.get_logger("lintel.ratelimit")


class RateLimitMiddleware:
    """Counts each request and refuses those beyond the limit (429); every counted answer says how things stand.

    The fields are `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-11), and `X-RateLimit-*` for
    clients that know only these. A refused request does not count. Opening a WebSocket counts as one request.
    """

    def __init__(self, app: ASGIApp, rate_limit: RateLimit) -> None:
        self.app = app
        self._limiter = rate_limit.limiter
        self._policy = policy = rate_limit.policy
        self._name = policy.name.encode()
        self._identify = rate_limit.identify
        self._uncounted = frozenset(rate_limit.uncounted) | {f"{path}/" for path in rate_limit.uncounted}
        self._constant: list[RawHeader] = [
            (b"ratelimit-policy", f'"{policy.name}";q={policy.limit};w={policy.window}'.encode()),
            (b"x-ratelimit-limit", str(policy.limit).encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in COUNTED or scope["path"] in self._uncounted:
            await self.app(scope, receive, send)
            return
        key = (self._identify and self._identify(scope)) or client_key(scope)
        decision = await self._limiter.hit(self._policy, key)
        headers = self._headers(decision)

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ANSWERS:
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        if decision.allowed:
            await self.app(scope, receive, send_with_headers)
            return
        _log.warning("rate limit exceeded", policy=self._policy.name, caller=key)
        error = TooManyRequests(retry_after=_seconds(decision))
        await problem_of(error, scope["path"])(scope, receive, send_with_headers)

    def _headers(self, decision: Decision) -> list[RawHeader]:
        remaining, reset = decision.remaining, _seconds(decision)
        return [
            *self._constant,
            (b"ratelimit", b'"%b";r=%d;t=%d' % (self._name, remaining, reset)),
            (b"x-ratelimit-remaining", b"%d" % remaining),
            (b"x-ratelimit-reset", b"%d" % reset),
        ]


def _seconds(decision: Decision) -> int:
    """Whole seconds after which there is certainly more."""
    return max(1, math.ceil(decision.reset_after))
