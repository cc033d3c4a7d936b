"""Bases of request and response bodies."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Self, TypeVar

from annotated_types import GroupedMetadata
from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    TypeAdapter,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

MAX_ID = 2**63 - 1

T = TypeVar("T")

RowId = Annotated[int, Field(gt=0, le=MAX_ID)]
"""A number that fits the column it is compared with, so that the driver never sees one that does not."""

PathId = Annotated[int, Path(gt=0, le=MAX_ID, description="Number of the resource.")]
"""A `RowId` in a path."""


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain the NUL character")
    return value


def _visible(value: str) -> str:
    if not any(sign.isprintable() and not sign.isspace() for sign in value):
        raise ValueError("must show something")
    return value


def _one_line(value: str) -> str:
    if any(unicodedata.category(sign) == "Cc" for sign in value):
        raise ValueError("must not contain line breaks or other control characters")
    return value


NoNul = AfterValidator(_no_nul)
"""PostgreSQL cannot store the NUL character in text."""


@dataclass(frozen=True, slots=True)
class Text(GroupedMetadata):
    """Metadata of trimmed text that shows something: `Annotated[str, Text(max_length=100)]`.

    Lengths count after trimming. Control characters are refused, except line breaks and tabs where there may be several
    lines; NUL always.
    """

    max_length: int
    min_length: int = 1
    lines: bool = False

    def __iter__(self) -> Iterator[Any]:
        """The constraints that this stands for."""
        yield StringConstraints(strip_whitespace=True, min_length=self.min_length, max_length=self.max_length)
        yield NoNul
        yield AfterValidator(_visible)
        if not self.lines:
            yield AfterValidator(_one_line)


class RequestModel(BaseModel):
    """A request body: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


def left_out() -> Any:
    """Default of a `PatchModel` field; never seen, because only fields that were sent are applied."""
    return Field(default=None)


class PatchModel(RequestModel):
    """A partial change: at least one field. A field left out stays; null is refused unless its type allows it.

    Fields are declared with their plain type and `= left_out()`.
    """

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("at least one field must be given")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Say that one field is needed, and leave out the defaults of `left_out()`, which never apply."""
        described = handler(schema)
        body = handler.resolve_ref_schema(described)
        body["minProperties"] = 1
        for field in body["properties"].values():
            if field.get("default", ...) is None:
                del field["default"]
        return described

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, by name."""
        return self.model_dump(exclude_unset=True)


class ResponseModel(BaseModel):
    """A response body, read from rows and objects; every field is always there."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]]) -> list[Self]:
        """One of each row, in one call."""
        return _list_of(cls).validate_python(rows)


@cache
def _list_of(model: type[T]) -> TypeAdapter[list[T]]:
    return TypeAdapter(list[model])  # type: ignore[valid-type]  # a type made at run time
