"""The layer that counts, by itself and within the others."""

from collections.abc import Collection, Sequence
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope
from structlog.typing import EventDict

from lintel.errors import MEDIA_TYPE, Problem, ServiceError, Unavailable, error_response
from lintel.middleware import RateLimitMiddleware, wrap_in_middleware
from lintel.observability import RateLimitMetrics
from lintel.ratelimit import Caller, Charge, CostTable, Decision, MemoryRateLimiter, Policy, RateLimit, charge, costs
from lintel.settings import HttpSettings, load_settings
from lintel.testing import AsgiResponse, asgi_request

pytestmark = pytest.mark.anyio

FIELDS = ("ratelimit", "ratelimit-policy", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
HOST = (b"host", b"localhost")
ORIGIN = (b"origin", b"https://app.example.com")


async def show(_: Request) -> Response:
    return PlainTextResponse("shown")


async def fail(_: Request) -> Response:
    raise ZeroDivisionError


SMALL = Starlette(routes=[Route("/show", show, methods=["GET", "POST"]), Route("/ready", show), Route("/fail", fail)])
SMALL.router.redirect_slashes = False


class Fixed:
    """Answers what it is told to, and notes who was counted."""

    def __init__(self, decision: Decision | Exception) -> None:
        self.decision = decision
        self.keys: list[str] = []

    async def hit(self, policy: Policy, key: str, *, cost: int = 1) -> Decision:
        self.keys.append(key)
        if isinstance(self.decision, Exception):
            raise self.decision
        return self.decision

    async def hit_all(self, charges: Sequence[Charge]) -> list[Decision]:
        return [await self.hit(*charge[:2]) for charge in charges]

    async def forget(self, policy: Policy, key: str) -> None:
        self.keys.remove(key)

    opened = MemoryRateLimiter().opened


def limit(
    limiter: Any = None, *, per_minute: int = 2, uncounted: Collection[str] = ("/ready",), **more: Any
) -> RateLimit:
    policy = Policy("default", per_minute, 60)
    return RateLimit(limiter=limiter or MemoryRateLimiter(), policy=policy, uncounted=uncounted, **more)


def whole_stack(rate_limit: RateLimit, app: ASGIApp = SMALL) -> ASGIApp:
    settings = load_settings(HttpSettings, env_file=None, cors_origins="https://app.example.com")
    return wrap_in_middleware(app, settings, rate_limit=rate_limit)


def fields(answer: AsgiResponse) -> dict[str, str | None]:
    return {name: answer.header(name) for name in FIELDS}


class TestFields:
    async def test_every_counted_answer_says_how_things_stand(self) -> None:
        limiter = Fixed(Decision(allowed=True, limit=100, remaining=42, reset_after=16.2))
        for method, path, status in (("GET", "/show", 200), ("GET", "/nowhere", 404), ("DELETE", "/show", 405)):
            answer = await asgi_request(RateLimitMiddleware(SMALL, limit(limiter, per_minute=100)), method, path)
            assert answer.status == status
            assert fields(answer) == {
                "ratelimit": '"default";r=42;t=17',
                "ratelimit-policy": '"default";q=100;w=60',
                "x-ratelimit-limit": "100",
                "x-ratelimit-remaining": "42",
                "x-ratelimit-reset": "17",
            }

    async def test_a_500_says_it_too(self) -> None:
        answer = await asgi_request(whole_stack(limit()), "GET", "/fail", headers=[HOST])
        assert (answer.status, answer.header("x-ratelimit-remaining")) == (500, "1")

    @pytest.mark.parametrize("seconds", [0.0, 0.2, 1.0])
    async def test_it_is_never_worth_trying_again_at_once(self, seconds: float) -> None:
        limiter = Fixed(Decision(allowed=False, limit=2, remaining=0, reset_after=seconds))
        answer = await asgi_request(RateLimitMiddleware(SMALL, limit(limiter)), "GET", "/show")
        assert answer.header("retry-after") == answer.header("x-ratelimit-reset") == "1"

    async def test_what_the_application_says_of_its_own_limits_is_kept(self) -> None:
        async def own(_: Request) -> Response:
            return PlainTextResponse("", headers={"RateLimit": '"daily";r=1;t=9'})

        answer = await asgi_request(RateLimitMiddleware(Starlette(routes=[Route("/", own)]), limit()), "GET", "/")
        assert [value.split(";")[0] for value in answer.headers_all("ratelimit")] == ['"daily"', '"default"']


class TestRefusal:
    async def test_is_a_429_of_our_shape_and_the_application_hears_nothing(self) -> None:
        heard = []

        async def hear(scope: Scope, receive: Any, send: Any) -> None:
            heard.append(scope["path"])
            await SMALL(scope, receive, send)

        app = RateLimitMiddleware(hear, limit())
        answers = [await asgi_request(app, "GET", "/show") for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 429, 429]
        assert heard == ["/show", "/show"]
        refused = answers[2]
        assert refused.header("content-type") == MEDIA_TYPE
        assert Problem.model_validate_json(refused.body).error_code == "TOO_MANY_REQUESTS"
        assert refused.header("x-ratelimit-remaining") == "0"
        wait = int(refused.header("retry-after") or 0)
        assert 1 <= wait <= 60
        assert refused.header("ratelimit") == f'"default";r=0;t={wait}'

    async def test_carries_everything_that_other_answers_carry(self) -> None:
        app = whole_stack(limit(per_minute=1))
        await asgi_request(app, "GET", "/show", headers=[HOST])
        refused = await asgi_request(app, "GET", "/show", headers=[HOST, ORIGIN])
        assert refused.status == 429
        assert refused.json()["request_id"] == refused.header("x-request-id")
        assert refused.header("access-control-allow-origin") == ORIGIN[1].decode()
        assert refused.header("x-content-type-options") == "nosniff"

    async def test_has_no_body_for_head(self) -> None:
        app = whole_stack(limit(per_minute=1))
        await asgi_request(app, "HEAD", "/show", headers=[HOST])
        refused = await asgi_request(app, "HEAD", "/show", headers=[HOST])
        assert (refused.status, refused.body) == (429, b"")
        assert int(refused.header("content-length") or 0) > 0

    async def test_is_one_event_that_names_the_caller_and_no_secret(self, log_records: list[EventDict]) -> None:
        app = RateLimitMiddleware(SMALL, limit(per_minute=1))
        headers = [(b"authorization", b"Bearer hunter2")]
        for _ in range(2):
            await asgi_request(app, "GET", "/show", headers=headers, query=b"password=hunter2")
        assert [(record["event"], record["caller"]) for record in log_records] == [
            ("rate limit exceeded", "ip_127.0.0.1")
        ]
        assert "hunter2" not in str(log_records)

    async def test_counters_that_must_answer_and_do_not_are_a_503(self, log_records: list[EventDict]) -> None:
        app = whole_stack(limit(Fixed(Unavailable("Requests cannot be counted at present.", retry_after=1))))
        answer = await asgi_request(app, "GET", "/show", headers=[HOST, ORIGIN])
        assert (answer.status, answer.header("retry-after"), answer.header("content-type")) == (503, "1", MEDIA_TYPE)
        assert answer.header("access-control-allow-origin")
        assert [record["event"] for record in log_records] == ["request"]


class TestWhoIsCounted:
    async def test_callers_without_a_name_by_their_address(self) -> None:
        limiter = Fixed(Decision(allowed=True, limit=2, remaining=1, reset_after=1))
        app = RateLimitMiddleware(SMALL, limit(limiter))
        for client in (("203.0.113.7", 1), ("2001:db8::7", 2), None):
            await asgi_request(app, "GET", "/show", client=client)
        assert limiter.keys == ["ip_203.0.113.7", "ip_2001:db8::/64", "unknown"]

    async def test_others_by_their_name_wherever_they_call_from(self) -> None:
        def identify(scope: Scope) -> Caller | None:
            name = dict(scope["headers"]).get(b"x-name")
            return Caller(f"user_{name.decode()}", "user") if name else None

        app = RateLimitMiddleware(SMALL, limit(identify=identify))
        for client in (("203.0.113.7", 1), ("203.0.113.8", 2)):
            assert (await asgi_request(app, "GET", "/show", client=client, headers=[(b"x-name", b"ada")])).status == 200
        spent = await asgi_request(app, "GET", "/show", headers=[(b"x-name", b"ada")])
        other = await asgi_request(app, "GET", "/show", headers=[(b"x-name", b"bob")])
        nobody = await asgi_request(app, "GET", "/show", client=("203.0.113.7", 1))
        assert [answer.status for answer in (spent, other, nobody)] == [429, 200, 200]

    async def test_each_kind_by_its_own_policy(self) -> None:
        def identify(scope: Scope) -> Caller | None:
            name = dict(scope["headers"]).get(b"x-name", b"").decode()
            return Caller("user_7", name) if name else None

        tiers = {"staff": Policy("staff", 50, 60), "anonymous": Policy("anonymous", 1, 60), "free": None}
        app = RateLimitMiddleware(SMALL, limit(identify=identify, tiers=tiers))
        names = [b"staff", b"user", b"staff", b"", b"free"]
        answers = [await asgi_request(app, "GET", "/show", headers=[(b"x-name", name)]) for name in names]
        assert [answer.header("ratelimit-policy") for answer in answers] == [
            '"staff";q=50;w=60',
            '"default";q=2;w=60',
            '"staff";q=50;w=60',
            '"anonymous";q=1;w=60',
            None,
        ]
        assert [answer.header("x-ratelimit-remaining") for answer in answers] == ["49", "1", "48", "0", None]


@costs(2, of="texts")
async def read_text(request: Request) -> Response:
    if "more" in request.query_params:
        await charge(request.scope, 7, of="texts")
    return PlainTextResponse("read")


@costs(4)
async def export(_: Request) -> Response:
    return PlainTextResponse("exported")


COSTLY = Starlette(
    routes=[
        Route("/texts", read_text, methods=["POST"]),
        Route("/exports", export, methods=["POST"]),
        Route("/show", show),
    ],
    exception_handlers={ServiceError: cast("Any", error_response)},
)


TEXTS = Policy("texts", 5, 60)


def costly(
    texts: Policy | None = TEXTS, *, limiter: Any = None, metrics: RateLimitMetrics | None = None
) -> RateLimitMiddleware:
    """Ten requests a minute, and five texts."""
    rate_limit = limit(limiter, per_minute=10, policies={"texts": texts})
    return RateLimitMiddleware(COSTLY, rate_limit, table=CostTable(COSTLY.routes, ["texts"]), metrics=metrics)


class TestSeveralPolicies:
    async def test_all_are_listed_and_the_tightest_is_shown_to_older_clients(self) -> None:
        app = costly()
        answer = await asgi_request(app, "POST", "/texts")
        assert fields(answer) == {
            "ratelimit-policy": '"texts";q=5;w=60, "default";q=10;w=60',
            "ratelimit": '"texts";r=3;t=60, "default";r=9;t=60',
            "x-ratelimit-limit": "5",
            "x-ratelimit-remaining": "3",
            "x-ratelimit-reset": "60",
        }
        assert (await asgi_request(app, "GET", "/show")).header("ratelimit") == '"default";r=8;t=60'

    async def test_a_refusal_names_the_one_and_counts_under_no_other(self) -> None:
        app = costly()
        answers = [await asgi_request(app, "POST", "/texts") for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 429, 429]
        assert answers[3].json()["violated-policies"] == ["texts"]
        assert (answers[3].header("ratelimit") or "").split(";")[-2] == "r=8"
        assert answers[3].header("x-ratelimit-limit") == "5"
        assert answers[3].header("retry-after") == answers[3].header("x-ratelimit-reset")

    async def test_what_an_endpoint_adds_is_told_too(self) -> None:
        app = costly(Policy("texts", 10, 60))
        answer = await asgi_request(app, "POST", "/texts", query=b"more")
        assert answer.header("ratelimit") == '"texts";r=1;t=60, "default";r=9;t=60'
        refused = await asgi_request(app, "POST", "/texts", query=b"more")
        assert refused.status == 429

    async def test_one_that_is_switched_off_is_not_listed(self) -> None:
        answer = await asgi_request(costly(None), "POST", "/texts", query=b"more")
        assert (answer.status, answer.header("ratelimit-policy")) == (200, '"default";q=10;w=60')

    async def test_a_request_may_cost_more_of_the_general_one(self) -> None:
        app = costly()
        answers = [await asgi_request(app, "POST", "/exports") for _ in range(3)]
        assert [answer.header("x-ratelimit-remaining") for answer in answers] == ["6", "2", "2"]
        assert answers[2].json()["violated-policies"] == ["default"]


class TestMetrics:
    async def test_count_refusals_and_what_was_counted_without_the_shared_counters(
        self, log_records: list[EventDict]
    ) -> None:
        registry = CollectorRegistry()
        metrics = RateLimitMetrics(registry)
        app = costly(metrics=metrics)
        for _ in range(3):
            await asgi_request(app, "POST", "/texts")
        away = Fixed(Decision(allowed=True, limit=10, remaining=9, reset_after=1, is_shared=False))
        await asgi_request(costly(limiter=away, metrics=metrics), "GET", "/show")

        def counted(policy: str, event: str) -> float | None:
            return registry.get_sample_value("rate_limit_events_total", {"policy": policy, "event": event})

        assert [counted("texts", "refused"), counted("default", "refused")] == [1, None]
        assert [counted("texts", "in_process"), counted("default", "in_process")] == [None, 1]

    async def test_the_access_log_says_that_a_request_was_counted_in_the_process(
        self, log_records: list[EventDict]
    ) -> None:
        for is_shared in (False, True):
            limiter = Fixed(Decision(allowed=True, limit=2, remaining=1, reset_after=1, is_shared=is_shared))
            await asgi_request(whole_stack(limit(limiter)), "GET", "/show", headers=[HOST])
        assert [record.get("rate_limit") for record in log_records] == ["in this process", None]


class TestWhatIsCounted:
    @pytest.mark.parametrize("path", ["/ready", "/ready/"])
    async def test_not_what_probes_ask(self, path: str) -> None:
        app = whole_stack(limit(per_minute=1))
        for _ in range(5):
            answer = await asgi_request(app, "GET", path, headers=[HOST])
            assert (answer.status, set(fields(answer).values())) == (200, {None})

    async def test_a_path_that_only_looks_like_it_is(self) -> None:
        app = whole_stack(limit(per_minute=1))
        statuses = [(await asgi_request(app, "GET", "/ready//", headers=[HOST])).status for _ in range(2)]
        assert statuses == [404, 429]

    async def test_not_a_preflight(self) -> None:
        app = whole_stack(limit(per_minute=1))
        preflight = [HOST, ORIGIN, (b"access-control-request-method", b"GET")]
        for _ in range(5):
            assert (await asgi_request(app, "OPTIONS", "/show", headers=preflight)).status == 200
        assert (await asgi_request(app, "GET", "/show", headers=[HOST])).status == 200

    async def test_a_browser_may_read_the_fields(self) -> None:
        answer = await asgi_request(whole_stack(limit()), "GET", "/show", headers=[HOST, ORIGIN])
        exposed = (answer.header("access-control-expose-headers") or "").lower()
        assert {*FIELDS, "retry-after"} <= set(exposed.split(", "))
