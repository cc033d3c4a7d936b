from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.architecture.conftest import House, Module

    Law = Callable[[Module], Iterator[str]]
    Sketch = Callable[[dict[str, str]], House]
    Uphold = Callable[[Iterable[str]], None]

ENDPOINTS = "app/api/*endpoints/*.py"
VERBS = {"get", "post", "put", "patch", "delete", "head", "options", "trace", "websocket", "api_route"}
SQL_WORDS = {"select", "insert", "update", "delete", "text"}
MAX_STATEMENTS = 4


def knows_the_database(module: Module) -> Iterator[str]:
    for found in module.imports:
        if found.is_from("sqlalchemy"):
            yield module.at(found.node, f"imports {found.target}; SQL lives in app/repositories")
    for call in module.calls:
        if isinstance(call.func, ast.Name) and call.func.id in SQL_WORDS:
            yield module.at(call, f"calls {call.func.id}(); SQL lives in app/repositories")
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"commit", "execute"}:
            yield module.at(call, f"calls .{call.func.attr}(); services own the unit of work")


def answers_by_hand(module: Module) -> Iterator[str]:
    for found in module.imports:
        if found.name == "HTTPException":
            yield module.at(found.node, "imports HTTPException; raise a domain error, one table maps it")
    for node, origin in module.references:
        if isinstance(node, ast.Attribute) and node.attr == "HTTPException":
            yield module.at(node, f"uses {origin}; raise a domain error, one table maps it")
    for call in module.calls:
        if module.origin(call).endswith("JSONResponse"):
            yield module.at(call, "builds a JSONResponse by hand; return what the schema describes")


def depends_by_default(module: Module) -> Iterator[str]:
    for function in module.functions:
        defaults = [*function.args.defaults, *function.args.kw_defaults]
        for default in defaults:
            if default and module.origin(default).rpartition(".")[2] in {"Depends", "Security"}:
                yield module.at(default, "a dependency as a default; name it once with Annotated in deps.py")


def thick_or_mute(module: Module) -> Iterator[str]:
    for function in module.functions:
        if not any(_is_route(decorator) for decorator in function.decorator_list):
            continue
        if not isinstance(function, ast.AsyncFunctionDef):
            yield module.at(function, f"endpoint {function.name} is not async def")
        if not ast.get_docstring(function):
            yield module.at(function, f"endpoint {function.name} has no docstring; API users read it")
        count = _statements(function)
        if count > MAX_STATEMENTS:
            reason = f"endpoint {function.name} has {count} statements, at most {MAX_STATEMENTS}: call a service"
            yield module.at(function, reason)


def _is_route(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in VERBS


def _statements(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Every statement at any depth, without the function itself and its docstring."""
    count = sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1
    return count - 1 if ast.get_docstring(function) else count


LAWS = [knows_the_database, answers_by_hand, depends_by_default, thick_or_mute]
GOOD = """
    from typing import Annotated

    from fastapi import APIRouter, Depends

    router = APIRouter()

    @router.get("/{id}")
    async def read_user(id: int, users: Annotated[Users, Depends(get_users)]) -> User:
        "One user."
        return await users.delete(id).update(id).select(id)

    def helper() -> None:
        one = 1
        two = 2
        three = 3
        four = 4
        five = 5
"""
BAD = [
    (knows_the_database, "from sqlalchemy.ext.asyncio import AsyncSession", "imports sqlalchemy"),
    (knows_the_database, "import sqlalchemy as sa", "imports sqlalchemy"),
    (knows_the_database, "from app.repositories import select\nselect(1)", "calls select()"),
    (knows_the_database, "async def f(s): await s.commit()", "calls .commit()"),
    (knows_the_database, "async def f(s): await s.execute(1)", "calls .execute()"),
    (answers_by_hand, "from fastapi import HTTPException as Oops", "imports HTTPException"),
    (answers_by_hand, "import fastapi\nraise fastapi.HTTPException(404)", "uses fastapi.HTTPException"),
    (answers_by_hand, "from starlette.responses import JSONResponse as J\nJ({})", "builds a JSONResponse"),
    (depends_by_default, "def f(a=Depends(g)): ...", "a dependency as a default"),
    (depends_by_default, "import fastapi as f\nasync def g(*, a=f.Security(h)): ...", "a dependency as a default"),
    (thick_or_mute, "@router.get('/')\ndef f():\n    'Doc.'", "is not async def"),
    (thick_or_mute, "@router.post('/')\nasync def f(): ...", "has no docstring"),
    (thick_or_mute, "@r.put('/')\nasync def f():\n 'D'\n if a:\n  b\n  c\n  d\n  e", "has 5 statements"),
]


@pytest.mark.parametrize("law", LAWS)
def test_every_endpoint_module_keeps(law: Law, house: House, uphold: Uphold) -> None:
    uphold(finding for module in house.matching(ENDPOINTS) for finding in law(module))


@pytest.mark.parametrize("law", LAWS)
def test_a_thin_endpoint_breaks_nothing(law: Law, sketch: Sketch) -> None:
    [module] = sketch({"app/api/v1/endpoints/users.py": GOOD}).matching(ENDPOINTS)
    assert list(law(module)) == []


@pytest.mark.parametrize(("law", "snippet", "reason"), BAD)
def test_a_breach_is_found(law: Law, snippet: str, reason: str, sketch: Sketch) -> None:
    [module] = sketch({"app/api/v2/endpoints/x.py": snippet}).matching(ENDPOINTS)
    [finding] = law(module)
    assert finding.startswith("app/api/v2/endpoints/x.py:")
    assert reason in finding
