from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.architecture.conftest import House

    Sketch = Callable[[dict[str, str]], House]
    Uphold = Callable[[Iterable[str]], None]

SQL_ROOMS = ("app/repositories/*", "app/repositories.py", "app/models/*", "app/models.py")
SQL_WORDS = {"select", "insert", "update", "delete", "text"}
SCHEMA_BASES = {"BaseModel", "RootModel", "BaseSettings", "Base", "DeclarativeBase", "SQLModel"}


def sql_outside_repositories(house: House) -> Iterator[str]:
    for module in house.matching("app/*").without(*SQL_ROOMS):
        imported = [(found.node, found.target) for found in module.imports if found.name]
        dotted = [(node, origin) for node, origin in module.references if isinstance(node, ast.Attribute)]
        for node, origin in [*imported, *dotted]:
            if origin.startswith("sqlalchemy.") and origin.rpartition(".")[2] in SQL_WORDS:
                yield module.at(node, f"{origin}: SQL is built in app/repositories and app/models only")


def schemas_in_the_wrong_layer(house: House) -> Iterator[str]:
    for module in house.matching("app/services/*", "app/api/*endpoints/*"):
        for found in module.classes:
            for origin in map(module.origin, found.bases):
                if _is_schema(origin):
                    reason = f"{found.name} derives from {origin}; schemas and models have their own layers"
                    yield module.at(found, reason)


def _is_schema(origin: str) -> bool:
    name = origin.rpartition(".")[2]
    is_by_name = name in SCHEMA_BASES or name.endswith(("Model", "Schema"))
    return is_by_name or origin.startswith(("app.schemas.", "app.models.", "pydantic."))


class TestSql:
    def test_is_built_in_repositories_and_models_only(self, house: House, uphold: Uphold) -> None:
        uphold(sql_outside_repositories(house))

    @pytest.mark.parametrize(
        ("text", "origin"),
        [
            ("from sqlalchemy import select as pick", "sqlalchemy.select"),
            ("from sqlalchemy.dialects.postgresql import insert", "sqlalchemy.dialects.postgresql.insert"),
            ("import sqlalchemy as sa\nsa.text('x')", "sqlalchemy.text"),
            ("import sqlalchemy.sql\nsqlalchemy.sql.delete(x)", "sqlalchemy.sql.delete"),
        ],
    )
    def test_elsewhere_is_found(self, sketch: Sketch, text: str, origin: str) -> None:
        bad = sketch({"app/services/x.py": text, "app/repositories/x.py": text, "app/models/x.py": text})
        [finding] = sql_outside_repositories(bad)
        assert finding.startswith("app/services/x.py:")
        assert origin in finding

    def test_namesakes_are_none(self, sketch: Sketch) -> None:
        text = "from sqlalchemy import func\nfrom app.y import select\nselect(1); d.update(x); r.text"
        assert list(sql_outside_repositories(sketch({"app/services/x.py": text}))) == []


class TestSchemas:
    def test_are_defined_in_their_layers(self, house: House, uphold: Uphold) -> None:
        uphold(schemas_in_the_wrong_layer(house))

    @pytest.mark.parametrize("path", ["app/services/x.py", "app/api/v1/endpoints/x.py"])
    @pytest.mark.parametrize(
        "text",
        [
            "import pydantic as p\nclass A(p.BaseModel): ...",
            "class A(Base): ...",
            "class A(Mixin, RootModel[int]): ...",
            "from app.schemas.users import UserRead\nclass A(UserRead): ...",
        ],
    )
    def test_elsewhere_are_found(self, sketch: Sketch, path: str, text: str) -> None:
        [finding] = schemas_in_the_wrong_layer(sketch({path: text}))
        assert finding.startswith(f"{path}:")
        assert "A derives from" in finding

    def test_plain_classes_are_none(self, sketch: Sketch) -> None:
        text = "@dataclass\nclass A: ...\nclass B(Protocol): ...\nclass C(A): ..."
        assert list(schemas_in_the_wrong_layer(sketch({"app/services/x.py": text}))) == []
