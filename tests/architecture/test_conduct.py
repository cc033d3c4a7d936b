from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.architecture.conftest import House, Module

    Law = Callable[[Module], Iterator[str]]
    Sketch = Callable[[dict[str, str]], House]
    Uphold = Callable[[Iterable[str]], None]

SETTINGS = ("src/lintel/settings.py", "src/lintel/settings/*", "app/core/config.py", "src/lintel/testing/*")
COMMAND_LINES = ("app/__main__.py", "*/cli.py", "*/_cli.py", "*/cli/*")
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv"}
TIMELESS = {"datetime.datetime.utcnow", "datetime.datetime.utcfromtimestamp", "datetime.datetime.today"}
APPLICATIONS = {"app", "application"}
WALKERS = {"list", "tuple", "set", "sorted", "reversed", "enumerate", "iter", "filter", "map", "len"}
SLOW = "is 100 times the cost of a pure ASGI class; write one"


def slow_middleware(module: Module) -> Iterator[str]:
    for found in module.imports:
        if found.name == "BaseHTTPMiddleware":
            yield module.at(found.node, f"BaseHTTPMiddleware {SLOW}")
    for node, _ in module.references:
        if isinstance(node, ast.Attribute) and node.attr == "BaseHTTPMiddleware":
            yield module.at(node, f"BaseHTTPMiddleware {SLOW}")
    for call in module.calls:
        kinds = [argument.value for argument in call.args[:1] if isinstance(argument, ast.Constant)]
        if isinstance(call.func, ast.Attribute) and call.func.attr == "middleware" and kinds == ["http"]:
            yield module.at(call, f'.middleware("http") is BaseHTTPMiddleware, which {SLOW}')


def start_up_events(module: Module) -> Iterator[str]:
    for call in module.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"on_event", "add_event_handler"}:
            yield module.at(call, f".{call.func.attr}() is not closed in reverse; open it in the lifespan")


def environment_reads(module: Module) -> Iterator[str]:
    if module.matches(*SETTINGS):
        return
    imported = [(found.node, found.target) for found in module.imports if found.name]
    dotted = [(node, origin) for node, origin in module.references if isinstance(node, ast.Attribute)]
    for node, origin in [*imported, *dotted]:
        if origin in ENVIRONMENT:
            yield module.at(node, f"{origin}: the environment is read by the settings only")


def prints(module: Module) -> Iterator[str]:
    if module.matches(*COMMAND_LINES):
        return
    for call in module.calls:
        if isinstance(call.func, ast.Name) and call.func.id == "print":
            yield module.at(call, "print(): log it, or leave it to a command line")


def naive_times(module: Module) -> Iterator[str]:
    for node, origin in module.references:
        if origin in TIMELESS:
            yield module.at(node, f"{origin} has no time zone; use datetime.now(UTC)")
    for call in module.calls:
        if module.origin(call) == "datetime.datetime.now" and not call.args and not call.keywords:
            yield module.at(call, "datetime.now() has no time zone; use datetime.now(UTC)")


def global_statements(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Global):
            yield module.at(node, f"global {', '.join(node.names)}: keep it on an object the lifespan owns")


def flat_route_walks(module: Module) -> Iterator[str]:
    walked = [node.iter for node in ast.walk(module.tree) if isinstance(node, ast.For | ast.comprehension)]
    for call in module.calls:
        if isinstance(call.func, ast.Name) and call.func.id in WALKERS:
            walked += call.args
    for node in walked:
        if isinstance(node, ast.Attribute) and node.attr == "routes" and _is_of_application(module, node):
            reason = "app.routes is a tree since FastAPI 0.165; walk fastapi.routing.iter_route_contexts(app.routes)"
            yield module.at(node, reason)


def _is_of_application(module: Module, node: ast.Attribute) -> bool:
    owners = module.origin(node.value).split(".")
    return not APPLICATIONS.isdisjoint(owner.removeprefix("_") for owner in owners)


LAWS = [
    slow_middleware,
    start_up_events,
    environment_reads,
    prints,
    naive_times,
    global_statements,
    flat_route_walks,
]
BAD = [
    (slow_middleware, "from starlette.middleware.base import BaseHTTPMiddleware as B"),
    (slow_middleware, "import starlette.middleware.base as b\nclass M(b.BaseHTTPMiddleware): ..."),
    (slow_middleware, "@app.middleware('http')\nasync def f(request, call_next): ..."),
    (start_up_events, "@app.on_event('startup')\nasync def f(): ..."),
    (start_up_events, "router.add_event_handler('shutdown', f)"),
    (environment_reads, "import os\nos.environ['A']"),
    (environment_reads, "import os as o\nx = o.getenv('A')"),
    (environment_reads, "from os import environ"),
    (prints, "def f():\n    print('x')"),
    (naive_times, "from datetime import datetime\ndatetime.utcnow()"),
    (naive_times, "from datetime import datetime\nx = field(default_factory=datetime.utcnow)"),
    (naive_times, "import datetime as dt\ndt.datetime.now()"),
    (global_statements, "def f():\n    global _x\n    _x = 1"),
    (flat_route_walks, "for route in app.routes: ..."),
    (flat_route_walks, "x = [r for r in request.app.router.routes]"),
    (flat_route_walks, "x = sorted(self._app.routes)"),
]
GOOD = [
    (slow_middleware, "class Timing: ...\nmiddleware('http')\nx = 'BaseHTTPMiddleware'"),
    (start_up_events, "app = FastAPI(lifespan=lifespan)"),
    (environment_reads, "import os\nos.cpu_count()\nself.environ['x']"),
    (prints, "log.print('x')"),
    (naive_times, "from datetime import UTC, datetime\ndatetime.now(UTC); datetime.now(tz=UTC); clock.now()"),
    (global_statements, "def f():\n    def g():\n        nonlocal x\n    x = 1"),
    (flat_route_walks, "for c in iter_route_contexts(app.routes): ...\nfor r in page.routes: ..."),
]
ALLOWED = [
    (environment_reads, "import os\nos.environ", "src/lintel/settings/_files.py"),
    (environment_reads, "import os\nos.environ", "app/core/config.py"),
    (prints, "print(1)", "app/__main__.py"),
    (prints, "print(1)", "src/lintel/cli.py"),
]


@pytest.mark.parametrize("law", LAWS)
def test_every_module_keeps(law: Law, house: House, uphold: Uphold) -> None:
    uphold(finding for module in house for finding in law(module))


@pytest.mark.parametrize(("law", "snippet"), BAD)
def test_a_breach_is_found(law: Law, snippet: str, sketch: Sketch) -> None:
    [module] = sketch({"src/lintel/x.py": snippet})
    [finding] = law(module)
    assert re.match(r"src/lintel/x\.py:[123]: \S", finding)


@pytest.mark.parametrize(("law", "snippet"), GOOD)
def test_the_right_way_is_free(law: Law, snippet: str, sketch: Sketch) -> None:
    [module] = sketch({"src/lintel/x.py": snippet})
    assert list(law(module)) == []


@pytest.mark.parametrize(("law", "snippet", "path"), ALLOWED)
def test_some_rooms_may(law: Law, snippet: str, path: str, sketch: Sketch) -> None:
    [module] = sketch({path: snippet})
    assert list(law(module)) == []
