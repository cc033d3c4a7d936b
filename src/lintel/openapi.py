"""Repairs of the document that FastAPI makes."""

from typing import Any


def restore_nulls(document: dict[str, Any]) -> None:
    """Put the nulls back into the examples of schemas.

    FastAPI leaves every null out of its document, examples included; those then lack fields that are always there.
    """
    for schema in document.get("components", {}).get("schemas", {}).values():
        required = schema.get("required", [])
        nullable = [name for name, part in schema.get("properties", {}).items() if _takes_null(part)]
        for example in schema.get("examples", []):
            for name in nullable:
                if name in required and isinstance(example, dict):
                    example.setdefault(name, None)


def _takes_null(part: dict[str, Any]) -> bool:
    return any(alternative.get("type") == "null" for alternative in part.get("anyOf", []))
