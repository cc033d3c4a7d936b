"""The tree as the laws see it: every source file parsed once, with names resolved to where they come from."""

import ast
import fnmatch
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("src/lintel", "app")
NOT_OURS = ("*/data/*", "*/static/*")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = Function | ast.Lambda


class Import(NamedTuple):
    """One imported name: `from module import name`, or `import module` where name is empty."""

    node: ast.Import | ast.ImportFrom
    module: str
    name: str
    bound_as: str
    bound_to: str

    @property
    def target(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module

    def is_from(self, *packages: str) -> bool:
        return any(self.target == package or self.target.startswith(f"{package}.") for package in packages)


@dataclass(frozen=True)
class Module:
    """A source file: its path from the root of the repository, and its text."""

    path: str
    text: str = field(repr=False)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)

    @cached_property
    def name(self) -> str:
        parts = self.path.removeprefix("src/").removesuffix(".py").split("/")
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def package(self) -> str:
        return self.name if self.path.endswith("/__init__.py") else self.name.rpartition(".")[0]

    def at(self, node: ast.AST | int, reason: str) -> str:
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return f"{self.path}:{line}: {reason}"

    def matches(self, *patterns: str) -> bool:
        """Whether the path matches a pattern; `*` crosses folders."""
        return any(fnmatch.fnmatchcase(self.path, pattern) for pattern in patterns)

    @cached_property
    def imports(self) -> list[Import]:
        """Every import, wherever it stands."""
        return list(self._read_imports(ast.walk(self.tree)))

    @cached_property
    def run_time_imports(self) -> list[Import]:
        """The imports that run when the module is loaded: not in functions, not under TYPE_CHECKING."""
        return list(self._read_imports(self._loaded(self.tree)))

    @cached_property
    def imports_in_functions(self) -> list[Import]:
        nodes = (node for function in self.functions for node in ast.walk(function))
        return list(dict.fromkeys(self._read_imports(nodes)))

    @cached_property
    def functions(self) -> list[Function]:
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    @cached_property
    def classes(self) -> list[ast.ClassDef]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)]

    @cached_property
    def calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]

    @cached_property
    def references(self) -> list[tuple[ast.Name | ast.Attribute, str]]:
        """Every name and dotted name that is read or written, with its origin."""
        nodes = (node for node in ast.walk(self.tree) if isinstance(node, ast.Name | ast.Attribute))
        return [(node, self.origin(node)) for node in nodes]

    def origin(self, node: ast.AST) -> str:
        """Where a name comes from, as far as this file's imports tell: `sa.select` is `sqlalchemy.select`.

        A call stands for what is called. What has no name, like a literal, is empty; a part without one is `?`.
        """
        match node:
            case ast.Call(func=called):
                return self.origin(called)
            case ast.Subscript(value=value):
                return self.origin(value)
            case ast.Attribute(value=value, attr=attribute):
                return f"{self.origin(value) or '?'}.{attribute}"
            case ast.Name(id=name):
                return self._bound.get(name, name)
            case _:
                return ""

    @cached_property
    def _bound(self) -> dict[str, str]:
        return {found.bound_as: found.bound_to for found in self.imports}

    def _read_imports(self, nodes: Iterator[ast.AST]) -> Iterator[Import]:
        for node in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    yield Import(node, alias.name, "", alias.asname or top, alias.name if alias.asname else top)
            elif isinstance(node, ast.ImportFrom):
                module = self._absolute(node)
                for alias in node.names:
                    bound_as = alias.asname or alias.name
                    yield Import(node, module, alias.name, bound_as, f"{module}.{alias.name}")

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.package.split(".")
        base = parts[: len(parts) - node.level + 1]
        return ".".join([*base, *([node.module] if node.module else [])])

    def _loaded(self, parent: ast.AST) -> Iterator[ast.AST]:
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, Scope):
                continue
            yield node
            if isinstance(node, ast.If) and self.origin(node.test).endswith("TYPE_CHECKING"):
                for other in node.orelse:
                    yield other
                    yield from self._loaded(other)
            else:
                yield from self._loaded(node)


@dataclass(frozen=True)
class House:
    """A set of source files."""

    modules: Sequence[Module] = field(default_factory=list)

    def matching(self, *patterns: str) -> "House":
        return House([module for module in self.modules if module.matches(*patterns)])

    def without(self, *patterns: str) -> "House":
        return House([module for module in self.modules if not module.matches(*patterns)])

    def __iter__(self) -> Iterator[Module]:
        return iter(self.modules)


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def house() -> House:
    """Every source file of the library and the service, but for data and what others wrote."""
    files = sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))
    modules = [Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in files]
    return House(modules).without(*NOT_OURS)


@pytest.fixture(scope="session")
def sketch() -> Callable[[dict[str, str]], House]:
    """Makes a house of snippets, by path, to show that a law can fail."""
    return lambda texts: House([Module(path, dedent(text)) for path, text in texts.items()])


@pytest.fixture(scope="session")
def uphold() -> Callable[[Iterable[str]], None]:
    """Fails with every finding, one a line, and nothing else."""

    def judge(findings: Iterable[str]) -> None:
        found = "\n".join(findings)
        if found:
            pytest.fail(found, pytrace=False)

    return judge
