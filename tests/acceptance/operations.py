"""Every operation of an application, read off its own document: a new route is attacked without a new test."""

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        method: Upper case.
        template: The path with its parameters in braces.
        is_guarded: Whether it declares security.
        body: A valid JSON body, if it takes one.
        body_schema: The schema of that body.
        parameters: Path and query parameters, as declared.
    """

    method: str
    template: str
    is_guarded: bool
    body: dict[str, Any] | None = None
    body_schema: dict[str, Any] = field(default_factory=dict)
    parameters: tuple[dict[str, Any], ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    def path(self, **values: Any) -> str:
        """The path with these parameters, and 1 for the others."""
        names = [parameter["name"] for parameter in self.parameters if parameter["in"] == "path"]
        return self.template.format(**{name: values.get(name, 1) for name in names})

    def query(self, **values: Any) -> bytes:
        """A query with these parameters, and `a` for the others that there must be."""
        names = [each["name"] for each in self.parameters if each["in"] == "query" and each.get("required")]
        return urlencode({**dict.fromkeys(names, "a"), **values}).encode()

    def is_at(self, path: str) -> bool:
        """Whether a path is this operation's, by its shape."""
        # Names stand beside numbers of users and analyses, and are none of them (decision 0055).
        pattern = re.sub(r"\{(user_id|analysis_id)\}", "[^/A-Za-z][^/]*", self.template)
        return re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", pattern), path) is not None

    @property
    def collection(self) -> str:
        """The path up to the first parameter: where things of this kind are made."""
        return self.template.partition("/{")[0]

    def parameters_in(self, place: str) -> list[str]:
        return [parameter["name"] for parameter in self.parameters if parameter["in"] == place]

    def bodies_with(self, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        """The valid body with one field after the other replaced by a value."""
        for name in self.body_schema.get("properties", {}):
            yield name, {**deepcopy(self.body or {}), name: value}


def operations(app: FastAPI) -> list[Operation]:
    """All operations of the document. That no route hides from it has a test of its own."""
    schema = app.openapi()
    return [
        _operation(schema, method, path, operation)
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    ]


def _operation(schema: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Operation:
    content = operation.get("requestBody", {}).get("content", {})
    body_schema = _resolved(schema, content[JSON]["schema"]) if JSON in content else {}
    return Operation(
        method=method.upper(),
        template=path,
        is_guarded=bool(operation.get("security")),
        body=body_schema["examples"][0] if body_schema else None,
        body_schema=body_schema,
        parameters=tuple(operation.get("parameters", ())),
    )


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    reference = part.get("$ref")
    if reference is None:
        return part
    found: dict[str, Any] = schema["components"]["schemas"][reference.rpartition("/")[2]]
    return found
