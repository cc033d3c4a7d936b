from __future__ import annotations

import re
import tomllib
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from itertools import chain
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.architecture.conftest import House, Import, Module

    Sketch = Callable[[dict[str, str]], House]
    Uphold = Callable[[Iterable[str]], None]

NEED_AN_EXTRA = {"cashews.backends.redis"}
"""Modules of what is always installed that import what is not."""
BELOW_THE_DOOR = ("services", "repositories", "models", "engines", "jobs", "workers")


def import_cycles(house: House) -> Iterator[str]:
    modules = {module.name: module for module in house}
    lines = {
        (module.name, name): found.node.lineno
        for module in house
        for found in reversed(module.run_time_imports)
        for name in _loaded_by(module, found, modules)
    }
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for importer, imported in lines:
        graph[importer].add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = error.args[1][::-1]  # graphlib names each node before those that depend on it
        first = modules[cycle[0]]
        yield first.at(lines[cycle[0], cycle[1]], f"import cycle: {' -> '.join(cycle)}")


def _loaded_by(importer: Module, found: Import, modules: dict[str, Module]) -> Iterator[str]:
    """What Python runs for an import: `a.b.c`, and `a` and `a.b` unless the importer lies in them."""
    target = found.target if found.target in modules else found.module
    parts = target.split(".")
    for end in range(1, len(parts) + 1):
        name = ".".join(parts[:end])
        is_running_already = name != target and f"{importer.name}.".startswith(f"{name}.")
        if name in modules and not is_running_already:
            yield name


def imports_in_functions(house: House, *, optional: set[str]) -> Iterator[str]:
    for module in house:
        for found in module.imports_in_functions:
            if found.module.partition(".")[0] not in optional and found.module not in NEED_AN_EXTRA:
                reason = f"import of {found.target} in a function; only an optional extra may come so late"
                yield module.at(found.node, reason)


def http_below_the_door(house: House) -> Iterator[str]:
    rooms = [f"app/{name}{end}" for name in BELOW_THE_DOOR for end in (".py", "/*")]
    for module in house.matching(*rooms):
        for found in module.imports:
            if found.is_from("fastapi", "starlette"):
                yield module.at(found.node, f"imports {found.target}; only api and its siblings know HTTP")


def library_knows_service(house: House) -> Iterator[str]:
    for module in house.matching("src/lintel/*"):
        for found in module.imports:
            if found.is_from("app"):
                yield module.at(found.node, f"the library imports the service ({found.target})")


@pytest.fixture(scope="module")
def optional(root: Path) -> set[str]:
    """The packages that only the extras of pyproject.toml bring, by the name they are imported under."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = set(map(_distribution, chain.from_iterable(project["optional-dependencies"].values())))
    always = set(map(_distribution, project["dependencies"]))
    installed = {
        package
        for package, distributions in packages_distributions().items()
        if not extras.isdisjoint(map(_distribution, distributions))
    }
    return (extras | installed) - always


def _distribution(requirement: str) -> str:
    name = re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "_", name).lower()


class TestCycles:
    @pytest.mark.parametrize("folder", ["src/lintel/*", "app/*"])
    def test_there_are_none(self, house: House, uphold: Uphold, folder: str) -> None:
        uphold(import_cycles(house.matching(folder)))

    def test_one_between_two_modules_is_found(self, sketch: Sketch) -> None:
        bad = sketch({"app/a.py": "x = 1\nfrom app.b import y", "app/b.py": "import app.a", "app/c.py": ""})
        [finding] = import_cycles(bad)
        assert finding in {
            "app/a.py:2: import cycle: app.a -> app.b -> app.a",
            "app/b.py:1: import cycle: app.b -> app.a -> app.b",
        }

    def test_one_through_another_facade_is_found(self, sketch: Sketch) -> None:
        bad = sketch(
            {
                "src/lintel/a/__init__.py": "from lintel.a._x import x",
                "src/lintel/a/_x.py": "from lintel.b._y import y",
                "src/lintel/b/__init__.py": "",
                "src/lintel/b/_y.py": "try:\n    from .. import a\nexcept ImportError: ...",
            }
        )
        assert any("import cycle" in finding for finding in import_cycles(bad))

    def test_one_through_the_own_facade_is_found(self, sketch: Sketch) -> None:
        bad = sketch(
            {
                "src/lintel/a/__init__.py": "from lintel.a._x import x",
                "src/lintel/a/_x.py": "from lintel.a import y",
            }
        )
        assert any("import cycle" in finding for finding in import_cycles(bad))

    def test_parts_behind_one_facade_and_types_alone_are_none(self, sketch: Sketch) -> None:
        only_types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from app.a._x import x\n"
        good = sketch(
            {
                "app/__init__.py": "",
                "app/a/__init__.py": "from app.a._x import x",
                "app/a/_x.py": "from app.a._y import y",
                "app/a/_y.py": f"{only_types}def later():\n    import app.a._x",
            }
        )
        assert list(import_cycles(good)) == []


class TestImportsInFunctions:
    def test_there_are_none(self, house: House, uphold: Uphold, optional: set[str]) -> None:
        uphold(imports_in_functions(house, optional=optional))

    def test_one_is_found_also_in_a_method(self, sketch: Sketch, optional: set[str]) -> None:
        bad = sketch({"app/x.py": "class A:\n    def f(self):\n        from app import y\n        import json"})
        assert [finding.split(" in ")[0] for finding in imports_in_functions(bad, optional=optional)] == [
            "app/x.py:3: import of app.y",
            "app/x.py:4: import of json",
        ]

    def test_an_optional_extra_may_come_late(self, sketch: Sketch, optional: set[str]) -> None:
        late = ("from redis.asyncio import Redis", "import asyncpg", "from cashews.backends.redis import Redis as R")
        good = sketch({"src/lintel/x.py": "\n    ".join(["def f():", *late])})
        assert list(imports_in_functions(good, optional=optional)) == []

    def test_what_is_always_installed_is_no_optional_extra(self, optional: set[str]) -> None:
        assert optional.isdisjoint({"fastapi", "sqlalchemy", "lintel", "app"})


class TestDirection:
    def test_no_layer_below_the_door_knows_http(self, house: House, uphold: Uphold) -> None:
        uphold(http_below_the_door(house))

    @pytest.mark.parametrize("path", ["app/services/users.py", "app/jobs.py", "app/engines/text/words.py"])
    def test_http_below_the_door_is_found(self, sketch: Sketch, path: str) -> None:
        bad = sketch({path: "from starlette.requests import Request", "app/api/x.py": "import fastapi"})
        assert [finding.split(";")[0] for finding in http_below_the_door(bad)] == [
            f"{path}:1: imports starlette.requests.Request"
        ]

    def test_the_library_does_not_know_the_service(self, house: House, uphold: Uphold) -> None:
        uphold(library_knows_service(house))

    def test_a_library_that_knows_the_service_is_found(self, sketch: Sketch) -> None:
        late = "def f():\n    from app.main import app"
        assert list(library_knows_service(sketch({"src/lintel/x.py": late, "src/lintel/y.py": "import apple"}))) == [
            "src/lintel/x.py:2: the library imports the service (app.main.app)"
        ]
