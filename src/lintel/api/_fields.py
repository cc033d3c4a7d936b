"""Which fields of a list's items are answered: `?fields=id,status`."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, Field, TypeAdapter, create_model

ModelT = TypeVar("ModelT", bound=BaseModel)


def fields_of(model: type[BaseModel]) -> Any:
    """Constrains a text to names of a model's fields, as answers show them, with commas between.

    As in `fields: Annotated[str | None, fields_of(UserRead)] = None`.
    """
    shown = [field.serialization_alias or name for name, field in model.model_fields.items()]
    name = f"({'|'.join([*shown, *model.model_computed_fields])})"
    return Field(
        pattern=f"^{name}(,{name})*$", description="Only these fields of each item, with commas between: `id,status`."
    )


def read_sparse(model: type[ModelT], rows: Sequence[Mapping[str, Any]]) -> list[ModelT]:
    """One of each row, with whatever fields it has; to be shown with no others than were asked for."""
    items: list[ModelT] = _sparse_list(model).validate_python(rows)
    return items


@cache
def _sparse_list(model: type[BaseModel]) -> TypeAdapter[Any]:
    """Reads the same model, of which any field may be missing."""
    fields: dict[str, Any] = {
        name: (Any if info.annotation is None else info.annotation | None, Field(default=None))
        for name, info in model.model_fields.items()
    }
    kind: Any = create_model(f"{model.__name__}Sparse", __base__=model, **fields)
    return TypeAdapter(list[kind])
