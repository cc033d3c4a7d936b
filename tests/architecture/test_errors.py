"""acceptance.md row 41: a deliberate error (404, 409) raised within a `try` must not end as another, or as nothing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.architecture.conftest import House, Module

    Sketch = Callable[[dict[str, str]], House]
    Uphold = Callable[[Iterable[str]], None]

BROAD = {"Exception", "BaseException", "builtins.Exception", "builtins.BaseException"}
WHERE_EVERYTHING_ENDS = (
    "app/engines/text/reading.py",  # a text that fails in any way has failed, and the others have not
    "src/lintel/flags/openfeature.py",  # whatever a vendor raises, a flag is at its default
    "src/lintel/jobs/_execution.py",  # whatever a handler raises is how its job ended
    "src/lintel/jobs/_taskiq.py",  # each broker has faults of its own, and none is the fault of who enqueued
    "src/lintel/jobs/_tried.py",  # a worker goes on, and tries again
    "src/lintel/middleware/_error_boundary.py",  # answers it, with the status that it means
    "src/lintel/middleware/_websocket.py",  # the same for WebSockets
    "src/lintel/observability/_health.py",  # a check that fails in any way has failed
    "src/lintel/realtime/_sockets.py",  # whoever cannot be looked at is closed
    "src/lintel/testing/_asgi.py",  # stands for a server, and keeps it for the test to see
)


def swallowed_errors(module: Module) -> Iterator[str]:
    if module.matches(*WHERE_EVERYTHING_ENDS):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and _is_broad(module, node.type) and not _raises(node.body):
            yield module.at(node, "catches everything and does not raise: deliberate errors end here as well")
    for call in module.calls:
        if module.origin(call) == "contextlib.suppress" and any(_is_broad(module, kind) for kind in call.args):
            yield module.at(call, "suppresses everything, deliberate errors as well")


def _is_broad(module: Module, kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_is_broad(module, part) for part in kind.elts)
    return kind is None or module.origin(kind) in BROAD


def _raises(body: list[ast.stmt]) -> bool:
    """Whether it ends by raising, whatever it does before."""
    last = body[-1]
    if isinstance(last, ast.If):
        return bool(last.orelse) and _raises(last.body) and _raises(last.orelse)
    return isinstance(last, ast.Raise)


def test_no_module_swallows_errors(house: House, uphold: Uphold) -> None:
    uphold(finding for module in house for finding in swallowed_errors(module))


def test_every_place_where_everything_ends_is_there(house: House) -> None:
    assert {module.path for module in house.matching(*WHERE_EVERYTHING_ENDS)} == set(WHERE_EVERYTHING_ENDS)


@pytest.mark.parametrize(
    "snippet",
    [
        "try: f()\nexcept Exception: pass",
        "try: f()\nexcept BaseException as e: log(e)",
        "try: f()\nexcept: x = 1",
        "try: f()\nexcept (ValueError, Exception): return_(None)",
        "try: f()\nexcept Exception:\n    if x: raise",
        "try: f()\nexcept Exception:\n    raise_later()",
        "from contextlib import suppress\nwith suppress(Exception): f()",
        "import contextlib as c\nwith c.suppress(ValueError, BaseException): f()",
    ],
)
def test_a_breach_is_found(snippet: str, sketch: Sketch) -> None:
    [module] = sketch({"app/services/x.py": snippet})
    assert len(list(swallowed_errors(module))) == 1


@pytest.mark.parametrize(
    "snippet",
    [
        "try: f()\nexcept Exception:\n    undo()\n    raise",
        "try: f()\nexcept BaseException as e:\n    if x: raise Y from e\n    else: raise",
        "try: f()\nexcept ValueError: pass",
        "from contextlib import suppress\nwith suppress(OSError): f()",
        "raise Exception",
    ],
)
def test_the_right_way_is_free(snippet: str, sketch: Sketch) -> None:
    [module] = sketch({"app/services/x.py": snippet})
    assert list(swallowed_errors(module)) == []
