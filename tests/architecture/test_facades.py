from __future__ import annotations

import ast
import importlib
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.architecture.conftest import House, Module

    Sketch = Callable[[dict[str, str]], House]
    Uphold = Callable[[Iterable[str]], None]

FACADES = "src/lintel/*__init__.py"


def bad_exports(house: House) -> Iterator[str]:
    """Facades whose `__all__` is missing, unsorted, or not what they bring in from the library or define."""
    for module in house.matching(FACADES):
        exported, (listed, line) = _exported(module), _listed(module)
        if exported and listed is None:
            yield module.at(1, "re-exports without a literal __all__")
        elif exported:
            yield from (module.at(line, fault) for fault in _faults(exported, listed or []))


def names_that_cannot_be_imported(house: House) -> Iterator[str]:
    for module in house.matching(FACADES):
        listed, line = _listed(module)
        for name in listed or []:
            if not hasattr(importlib.import_module(module.name), name):
                yield module.at(line, f"{name} is in __all__ but cannot be imported")


def _faults(exported: set[str], listed: list[str]) -> Iterator[str]:
    if listed != sorted(listed, key=_isort_style):
        yield "__all__ is not sorted: CONSTANTS, Classes, functions"
    if len(listed) != len(set(listed)):
        yield "a name stands twice in __all__"
    for name in sorted(exported - set(listed)):
        yield f"{name} is brought in but not in __all__"
    for name in sorted(set(listed) - exported):
        yield f"{name} is in __all__ but not brought in"


def _exported(module: Module) -> set[str]:
    brought = {found.bound_as for found in module.imports if found.name and found.is_from("lintel")}
    definitions = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    defined = {node.name for node in module.tree.body if isinstance(node, definitions)}
    return {name for name in brought | defined if not name.startswith("_")}


def _listed(module: Module) -> tuple[list[str] | None, int]:
    for node in module.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=items) | ast.Tuple(elts=items)):
                return [str(ast.literal_eval(item)) for item in items], node.lineno
            case _:
                continue
    return None, 1


def _isort_style(name: str) -> tuple[int, list[tuple[bool, int, str]]]:
    """The order that ruff's RUF022 keeps: constants, classes, the rest; numbers by value."""
    is_constant = len(name) > 1 and name.isupper()
    kind = 0 if is_constant else 1 if name[:1].isupper() else 2
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return kind, [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def test_every_facade_lists_what_it_exports(house: House, uphold: Uphold) -> None:
    uphold(bad_exports(house))


def test_every_listed_name_can_be_imported(house: House, uphold: Uphold) -> None:
    uphold(names_that_cannot_be_imported(house))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("from lintel.x._a import A", "without a literal __all__"),
        ("from ._a import A, B\n__all__ = ['B', 'A']", "not sorted"),
        ("from ._a import a, B\n__all__ = ['a', 'B']", "not sorted"),
        ("from ._a import A, B\n__all__ = ['A']", "B is brought in but not in __all__"),
        ("from ._a import A\ndef b(): ...\n__all__ = ['A']", "b is brought in but not in __all__"),
        ("from ._a import A\n__all__ = ['A', 'B']", "B is in __all__ but not brought in"),
        ("from ._a import A\n__all__ = ['A', 'A']", "stands twice"),
    ],
)
def test_a_facade_that_tells_otherwise_is_found(sketch: Sketch, text: str, reason: str) -> None:
    [finding] = bad_exports(sketch({"src/lintel/x/__init__.py": text}))
    assert finding.startswith("src/lintel/x/__init__.py:")
    assert reason in finding


@pytest.mark.parametrize(
    "text",
    [
        "",
        "'Docs.'\n__version__ = '1'",
        "import os\nfrom ._a import A2, A10, LIMIT, V, Zoo, a\n__all__ = ['A2', 'A10', 'LIMIT', 'V', 'Zoo', 'a']",
        "if TYPE_CHECKING:\n    from lintel.x._a import A\n__all__ = ['A']\ndef __getattr__(name): ...",
    ],
)
def test_an_honest_facade_is_free(sketch: Sketch, text: str) -> None:
    assert list(bad_exports(sketch({"src/lintel/x/__init__.py": text}))) == []


def test_a_name_that_cannot_be_imported_is_found(sketch: Sketch) -> None:
    bad = sketch({"src/lintel/__init__.py": "__all__ = ['__version__', 'never_there']"})
    assert list(names_that_cannot_be_imported(bad)) == [
        "src/lintel/__init__.py:1: never_there is in __all__ but cannot be imported"
    ]
