"""Numbers and booleans of JSON bodies, taken for what they are."""

from typing import Any

from pydantic_core import CoreSchema

COERCED = frozenset({"int", "float", "bool"})
"""Kinds of value that Pydantic otherwise also reads from text, from 1.0 and from each other."""
NOT_SCHEMAS = frozenset({"cls", "config", "default", "expected", "function", "metadata", "ref", "serialization"})
NAMES = "keys_schema"
"""Of an object in JSON they are always text."""


def strict_numbers(schema: CoreSchema) -> CoreSchema:
    """The schema with every number and boolean in it strict: no `"yes"`, no `1` for true, no `1.0` or `"1"` for 1.

    Pydantic's own `strict=True` would also refuse dates, enums and UUIDs, which JSON can only write as text.
    """
    strict: CoreSchema = _strict(schema)
    return strict


def _strict(part: Any) -> Any:
    if isinstance(part, dict):
        # A copy: the parts of nested models are shared with other models that use them.
        copy = {key: value if key in NOT_SCHEMAS or key == NAMES else _strict(value) for key, value in part.items()}
        return {**copy, "strict": True} if copy.get("type") in COERCED else copy
    if isinstance(part, list | tuple):
        return type(part)(_strict(item) for item in part)
    return part
