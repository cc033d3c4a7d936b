"""What both comparisons need of a document."""

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

Part = Mapping[str, Any]


class Document:
    """An OpenAPI document whose references can be followed."""

    def __init__(self, content: Part) -> None:
        self.content = content

    def name_of(self, part: Part | bool) -> str | None:  # noqa: FBT001 - as in `resolved`
        """The address of a part that is written elsewhere."""
        return None if isinstance(part, bool) else part.get("$ref")

    def resolved(self, part: Part | bool) -> Part:  # noqa: FBT001 - JSON Schema's own: true takes everything
        """The part itself, wherever it is written; what stands beside a reference only describes."""
        if isinstance(part, bool):
            return {} if part else {"not": {}}
        while "$ref" in part:
            names = part["$ref"].removeprefix("#/").split("/")
            part = reduce(lambda found, name: found[_unescaped(name)], names, self.content)
        return part

    def alternatives(self, schema: Part) -> Iterator[Part]:
        """The schemas of which a value fits one; each has one type at most."""
        found = self.resolved(schema)
        either = [*found.get("anyOf", ()), *found.get("oneOf", ())]
        types = found.get("type")
        if either:
            for each in either:
                yield from self.alternatives(each)
        elif isinstance(types, list):
            yield from ({**found, "type": each} for each in types)
        else:
            yield schema


def _unescaped(name: str) -> str:
    return name.replace("~1", "/").replace("~0", "~")
