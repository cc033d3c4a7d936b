from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.architecture.conftest import House, Module

    Sketch = Callable[[dict[str, str]], House]
    Uphold = Callable[[Iterable[str]], None]

LATE = "commit before answer: this ends after the response has left; let the service run a unit of work"
UNITS = {"begin", "transaction", "transactional", "unit", "uow", "atomic"}
NOT_DEPENDENCIES = {"contextmanager", "asynccontextmanager", "fixture"}


def commits_late(house: House) -> Iterator[str]:
    """Generators that FastAPI could take as dependencies, and that commit or hold a transaction around `yield`."""
    for module in house.matching("src/lintel/*", "app/api/*"):
        for function in module.functions:
            if not _is_no_dependency(module, function):
                yield from _late_commits(module, function)


def commits_elsewhere(house: House) -> Iterator[str]:
    for module in house.without("src/lintel/db/*", "src/lintel/db.py"):
        for call in module.calls:
            if module.origin(call).rpartition(".")[2] == "commit":
                yield module.at(call, "calls commit(); only lintel.db does, at the end of a unit of work")


def _late_commits(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    nodes = list(_own_nodes(function))
    yields = {node for node in nodes if isinstance(node, ast.Yield | ast.YieldFrom)}
    if not yields:
        return
    for node in nodes:
        if isinstance(node, ast.Call) and module.origin(node).rpartition(".")[2] == "commit":
            yield module.at(node, f"{function.name} yields and commits. {LATE}")
        if _opens_unit(module, node) and not yields.isdisjoint(ast.walk(node)):
            yield module.at(node, f"{function.name} yields inside a transaction. {LATE}")


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield node
            yield from _own_nodes(node)


def _is_no_dependency(module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """The library may write context managers and fixtures; in the API there is no use for them but to dodge."""
    names = {module.origin(decorator).rpartition(".")[2] for decorator in function.decorator_list}
    return module.matches("src/lintel/*") and bool(names & NOT_DEPENDENCIES)


def _opens_unit(module: Module, node: ast.AST) -> bool:
    opened = [item.context_expr for item in node.items] if isinstance(node, ast.With | ast.AsyncWith) else []
    return any(UNITS.intersection(_words(module.origin(context))) for context in opened)


def _words(origin: str) -> list[str]:
    """The words of the last part of a dotted name: `a.UnitOfWork` is unit, of, work."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", origin.rpartition(".")[2]).lower().split()


class TestCommitBeforeAnswer:
    def test_no_dependency_commits_late(self, house: House, uphold: Uphold) -> None:
        uphold(commits_late(house))

    @pytest.mark.parametrize("path", ["app/api/deps.py", "src/lintel/db/x.py"])
    @pytest.mark.parametrize(
        "body",
        [
            "async with factory() as s:\n        yield s\n        await s.commit()",
            "async with factory.begin() as s:\n        yield s",
            "async with factory() as s, s.begin():\n        try:\n            yield s\n        finally: ...",
            "async with UnitOfWork(factory) as unit:\n        yield unit",
            "async with uow:\n        yield",
        ],
    )
    def test_a_late_commit_is_found(self, sketch: Sketch, path: str, body: str) -> None:
        [finding] = commits_late(sketch({path: f"async def get_session(factory, uow):\n    {body}\n"}))
        assert finding.startswith(f"{path}:")
        assert "commit before answer" in finding

    @pytest.mark.parametrize(
        "text",
        [
            "async def get_reader(factory):\n    async with factory() as s:\n        yield s",
            "async def run(s, fn):\n    async with s.begin():\n        return await fn(s)",
            "@asynccontextmanager\nasync def unit(s):\n    async with s.begin():\n        yield s",
            "async def rows(s):\n    async with s.begin():\n        found = await s.all()\n    yield found",
        ],
    )
    def test_a_unit_that_ends_before_the_answer_is_none(self, sketch: Sketch, text: str) -> None:
        assert list(commits_late(sketch({"src/lintel/db/x.py": text}))) == []

    def test_a_context_manager_in_the_api_is_no_way_around(self, sketch: Sketch) -> None:
        text = "@asynccontextmanager\nasync def unit(s):\n    async with s.begin():\n        yield s"
        assert list(commits_late(sketch({"app/api/deps.py": text})))


class TestCommit:
    def test_is_called_in_the_database_room_alone(self, house: House, uphold: Uphold) -> None:
        uphold(commits_elsewhere(house))

    def test_elsewhere_is_found(self, sketch: Sketch) -> None:
        bad = sketch(
            {
                "app/services/x.py": "async def f(s):\n    await s.commit()",
                "src/lintel/jobs/x.py": "def f(self):\n    self._session.commit()",
                "src/lintel/db/_unit.py": "async def f(s):\n    await s.commit()",
            }
        )
        assert [finding.split(";")[0] for finding in commits_elsewhere(bad)] == [
            "app/services/x.py:2: calls commit()",
            "src/lintel/jobs/x.py:2: calls commit()",
        ]
