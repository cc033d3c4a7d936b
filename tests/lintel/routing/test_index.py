"""The index of routes answers as FastAPI does, whatever the table of routes looks like."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import anyio
import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, Request, WebSocket
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.responses import JSONResponse
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from lintel.routing import _index, effective_path, install_route_index
from lintel.testing import AsgiResponse, asgi_request

SEGMENTS = ("a", "b", "", "{}", "{:int}", "{:float}", "{:uuid}", "{:path}", "a{}", "{}.b", "{}-{:int}")
ASKED = ("a", "b", "c", "", "1", "2.5", "a1", "a.b", "x-7", "{}", "%", "\n", "é", "a\n")
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "BREW")


class OddRoute(APIRoute):
    """A route with a mind of its own: not below a path with a `c` in it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.NONE, {}) if "c" in scope["path"] else super().matches(scope)


class Refusing(APIRoute):
    """A route that answers by itself."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse("refused", 403)(scope, receive, send)


class OddRouter(APIRouter):
    """A router that is not there for POST."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return (Match.NONE, {}) if scope.get("method") == "POST" else super().matches(scope)


@dataclass(frozen=True)
class Leaf:
    kind: str
    path: str
    methods: tuple[str, ...]


def api(path: str) -> Leaf:
    return Leaf("api", path, ("GET",))


@dataclass(frozen=True)
class Branch:
    prefix: str
    entries: Sequence[Any]
    kind: type[APIRouter]
    form_limits: Any


def paths(*, most: int, names: str) -> st.SearchStrategy[str]:
    def join(segments: list[str]) -> str:
        text, taken = "/" + "/".join(segments), 0
        while "{}" in text or "{:" in text:
            text = text.replace("{}", f"{{{names}{taken}}}", 1) if "{}" in text else text
            text = text.replace("{:", f"{{{names}{taken}x:", 1)
            taken += 1
        return text

    return st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=most).map(join)


def leaves(depth: int) -> st.SearchStrategy[Leaf]:
    return st.builds(
        Leaf,
        st.sampled_from(("api", "api", "api", "odd", "refusing", "plain", "mount", "websocket")),
        paths(most=3, names=f"p{depth}_"),
        st.lists(st.sampled_from(METHODS[:4]), min_size=1, max_size=3, unique=True).map(tuple),
    )


def entries(depth: int) -> st.SearchStrategy[list[Any]]:
    one: st.SearchStrategy[Any] = leaves(depth)
    if depth < 2:
        one |= st.builds(
            Branch,
            paths(most=1, names=f"r{depth}_").map(lambda path: path.rstrip("/")),
            entries(depth + 1),
            st.sampled_from((APIRouter, APIRouter, OddRouter)),
            st.none() | st.just({"max_fields": depth + 1}),
        )
    return st.lists(one, max_size=5)


def fill(router: Any, rows: Sequence[Any], seen: list[int]) -> None:
    for row in rows:
        if isinstance(row, Branch):
            inner = row.kind(form_limits=row.form_limits)
            fill(inner, row.entries, seen)
            router.include_router(inner, prefix=row.prefix)
        else:
            seen.append(len(seen))
            add(router, row, seen[-1])


def add(router: Any, leaf: Leaf, number: int) -> None:
    async def answer(request: Request) -> JSONResponse:
        return JSONResponse(trace(number, request.scope))

    async def greet(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(trace(number, websocket.scope))
        await websocket.close()

    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await JSONResponse({"mount": number, "path": scope["path"]})(scope, receive, send)

    if leaf.kind in {"api", "odd", "refusing"}:
        kinds: dict[str, dict[str, Any]] = {
            "odd": {"route_class_override": OddRoute},
            "refusing": {"route_class_override": Refusing},
        }
        routes = router.router if isinstance(router, FastAPI) else router
        routes.add_api_route(leaf.path, answer, methods=list(leaf.methods), **kinds.get(leaf.kind, {}))
    elif leaf.kind == "plain":
        router.add_route(leaf.path, answer, methods=list(leaf.methods))
    elif leaf.kind == "websocket":
        router.add_api_websocket_route(leaf.path, greet)
    else:
        router.mount(leaf.path.rstrip("/") or "/a", mounted)


def trace(number: int, scope: Scope) -> dict[str, Any]:
    """What an endpoint and the layers around it can see of the choice."""
    of_fastapi = scope.get("fastapi", {})
    return {
        "number": number,
        "path_params": {name: str(value) for name, value in scope["path_params"].items()},
        "effective_path": effective_path(scope),
        "route": getattr(scope.get("route"), "path", None),
        "router": type(scope["router"]).__name__,
        "included_router": getattr(getattr(of_fastapi.get("included_router"), "original_router", None), "prefix", None),
        "form_limits": of_fastapi.get("form_limits"),
        "endpoint": getattr(scope.get("endpoint"), "__name__", None),
    }


async def websocket_request(app: Any, path: str) -> list[Any]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Scope = {"type": "websocket", "path": path, "headers": [], "query_string": b"", "scheme": "ws"}
    scope["extensions"] = {"websocket.http.response": {}}
    await app(scope, receive, send)
    return sent


def seen(response: AsgiResponse) -> tuple[Any, ...]:
    allowed = sorted((response.header("allow") or "").split(", "))
    return response.status, response.body, allowed, response.header("location")


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    rows=entries(0),
    asked=st.lists(st.tuples(st.sampled_from(METHODS), st.lists(st.sampled_from(ASKED), max_size=6)), max_size=8),
    redirects=st.booleans(),
    root_path=st.sampled_from(("", "/a")),
)
@example(rows=[api("/a"), api("/{x}")], asked=[("GET", ["a\n"])], redirects=False, root_path="")
@example(rows=[api("/{x:path}"), api("/a/b")], asked=[("GET", ["a", "b"])], redirects=False, root_path="")
@example(
    rows=[Branch("/b", [Leaf("odd", "/a", ("GET",))], APIRouter, None), api("/{x}/a")],
    asked=[("GET", ["b", "a"])],
    redirects=False,
    root_path="",
)
@example(
    rows=[Branch("/b", [api("/a")], OddRouter, None), api("/{x}/a")],
    asked=[("GET", ["b", "a"])],
    redirects=False,
    root_path="",
)
@example(rows=[Leaf("refusing", "/a", ("GET",))], asked=[("GET", ["a"])], redirects=False, root_path="")
def test_every_answer_is_the_one_that_fastapi_gives(
    rows: list[Any], asked: list[tuple[str, list[str]]], *, redirects: bool, root_path: str
) -> None:
    app = FastAPI(redirect_slashes=redirects, openapi_url=None)
    fill(app, rows, [])
    plainly = app.router.middleware_stack
    install_route_index(app.router)
    indexed = app.router.middleware_stack
    assert indexed is not plainly

    async def under_root(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "root_path": root_path}, receive, send)

    async def compare() -> None:
        for method, segments in asked:
            path = root_path * (len(segments) % 2) + "/" + "/".join(segments)
            app.router.middleware_stack = plainly
            expected = seen(await asgi_request(under_root, method, path)), await websocket_request(under_root, path)
            app.router.middleware_stack = indexed
            answers = seen(await asgi_request(under_root, method, path)), await websocket_request(under_root, path)
            assert answers == expected

    anyio.run(compare)


def indexed_app(*routers: APIRouter) -> FastAPI:
    app = FastAPI()
    for router in routers:
        app.include_router(router, prefix="/v1")
    install_route_index(app.router)
    return app


def echo(text: str) -> Callable[[], Any]:
    async def endpoint() -> str:
        return text

    return endpoint


@pytest.mark.anyio
class TestAPlainHit:
    async def test_asks_no_route_that_cannot_match(self) -> None:
        """The last of 60 routes costs what the first does, counted in questions instead of time."""
        asked: list[str] = []

        class Counting(dict[str, Any]):
            """A scope that counts how often its path is read: once a question."""

            def __getitem__(self, key: str) -> Any:
                if key == "path":
                    asked.append(key)
                return super().__getitem__(key)

        routers = []
        for name in range(10):
            router = APIRouter(prefix=f"/r{name}")
            for number in range(6):
                router.get(f"/x{number}/{{item}}")(echo(f"{name}.{number}"))
            routers.append(router)
        app = indexed_app(*routers)
        counts = []
        for path in ("/v1/r0/x0/1", "/v1/r9/x5/1"):
            asked.clear()
            await run_router(app, Counting(http_scope(path)))
            counts.append(len(asked))
        assert counts[0] == counts[1] <= 3

    async def test_overrides_of_dependencies_are_seen(self) -> None:
        async def real() -> str:
            return "real"

        router = APIRouter()

        @router.get("/who")
        async def who(name: Annotated[str, Depends(real)]) -> str:
            return name

        app = indexed_app(router)
        assert (await asgi_request(app, "GET", "/v1/who")).json() == "real"
        app.dependency_overrides[real] = lambda: "other"
        assert (await asgi_request(app, "GET", "/v1/who")).json() == "other"

    async def test_tracing_is_told_the_whole_template(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[str] = []
        monkeypatch.setattr(_index, "_route_selected", lambda *, scope, path: told.append(path))
        router = APIRouter(prefix="/things")
        router.get("/{number}")(echo("thing"))
        await asgi_request(indexed_app(router), "GET", "/v1/things/1")
        assert told == ["/v1/things/{number}"]

    async def test_limits_of_forms_are_kept(self) -> None:
        router = APIRouter(form_limits={"max_fields": 1})

        @router.post("/form")
        async def read(a: Annotated[str, Form()], b: Annotated[str, Form()] = "") -> str:
            return a + b

        app = indexed_app(router)
        headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", b"7")]
        assert (await asgi_request(app, "POST", "/v1/form", headers=headers, body=b"a=1&b=2")).status == 400
        assert (await asgi_request(app, "POST", "/v1/form", headers=headers[:1], body=b"a=1")).status == 200


@pytest.mark.anyio
class TestRoutesThatChange:
    async def test_a_route_added_later_is_found(self) -> None:
        router = APIRouter()
        app = indexed_app(router)
        assert (await asgi_request(app, "GET", "/v1/new")).status == 404
        router.get("/new")(echo("new"))
        assert (await asgi_request(app, "GET", "/v1/new")).json() == "new"

    async def test_a_route_added_later_to_an_earlier_router_comes_first(self) -> None:
        early, late = APIRouter(), APIRouter()
        late.get("/item")(echo("late"))
        app = indexed_app(early, late)
        assert (await asgi_request(app, "GET", "/v1/item")).json() == "late"
        early.get("/{anything}")(echo("early"))
        assert (await asgi_request(app, "GET", "/v1/item")).json() == "early"

    async def test_a_route_put_before_all_others_comes_first(self) -> None:
        router = APIRouter()
        router.get("/item")(echo("old"))
        app = indexed_app(router)
        assert (await asgi_request(app, "GET", "/v1/item")).json() == "old"
        app.router.routes.insert(0, APIRoute("/v1/item", echo("new")))
        assert (await asgi_request(app, "GET", "/v1/item")).json() == "new"


class TestWithoutFastapisPrivateNames:
    def test_there_is_no_index(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_index, "HAS_NEEDED_NAMES", False)
        app = FastAPI()
        before = app.router.middleware_stack
        install_route_index(app.router)
        assert app.router.middleware_stack == before


def http_scope(path: str) -> Scope:
    return {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b"", "root_path": ""}


async def run_router(app: FastAPI, scope: Scope) -> None:
    index = app.router.middleware_stack
    assert isinstance(index, _index.RouteIndex)
    assert index._find(scope) is not None
