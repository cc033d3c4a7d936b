"""JSON objects of any shape, within bounds."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from annotated_types import GroupedMetadata
from pydantic import AfterValidator


@dataclass(frozen=True, slots=True)
class JsonObject(GroupedMetadata):
    """Metadata of a free-form object: `Annotated[dict[str, Any], JsonObject(max_bytes=4_096)]`.

    Attributes:
        max_bytes: Its size as compact JSON in UTF-8.
        max_depth: Objects and lists within one another, itself included.
    """

    max_bytes: int
    max_depth: int = 16

    def __iter__(self) -> Iterator[Any]:
        yield AfterValidator(self._check)

    def _check(self, data: dict[str, Any]) -> dict[str, Any]:
        if _is_deeper(data, self.max_depth):
            raise ValueError(f"must be at most {self.max_depth} levels deep")
        try:
            size = len(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())
        except ValueError:
            raise ValueError("must be JSON") from None
        if size > self.max_bytes:
            raise ValueError(f"must be at most {self.max_bytes} bytes of JSON")
        return data


def _is_deeper(data: dict[str, Any], levels: int) -> bool:
    """Level by level, so that no depth is too deep to find out."""
    level: list[Any] = [data]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
