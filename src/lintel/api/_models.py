"""Bases of request and response bodies."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Self, TypeVar

from fastapi import Path
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from lintel.api._strict import strict_numbers

MAX_ID = 2**63 - 1

T = TypeVar("T")

RowId = Annotated[int, Field(gt=0, le=MAX_ID)]
"""A number that fits the column it is compared with, so that the driver never sees one that does not."""

PathId = Annotated[int, Path(gt=0, le=MAX_ID, description="Number of the resource.")]
"""A `RowId` in a path."""


class FormModel(BaseModel):
    """A form: unknown fields are refused, numbers are finite. How they are written is checked by the route."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class RequestModel(BaseModel):
    """A JSON body: unknown fields are refused, numbers are finite, and neither they nor booleans are made of others."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Pydantic's schema of the model, with strict numbers and booleans."""
        return strict_numbers(handler(source))


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
