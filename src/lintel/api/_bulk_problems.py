"""What is said of an item of a bulk operation that failed."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Self

from pydantic import Field

from lintel.api._models import ResponseModel
from lintel.errors import FieldError, InvalidInput, ProblemField, ServiceError, problem_type, status_of

BODY = "/body"
"""What a service says of a field, it says as if the item were the whole body."""


class ItemProblem(ResponseModel):
    """Why an item failed: what an error answer would have said of it alone, without what is the whole request's."""

    type: Annotated[str, Field(description="Address of a page about this kind of error.")]
    title: Annotated[str, Field(description="The kind of error, in words.")]
    status: Annotated[int, Field(description="The HTTP status.")]
    detail: Annotated[str, Field(description="What happened this time.")]
    error_code: Annotated[str, Field(description="Stable code of the kind of error.", examples=["NOT_FOUND"])]
    errors: Annotated[list[ProblemField], Field(description="The fields at fault, where there are any.")]


class ItemsRefused(InvalidInput):
    """All or nothing was asked for, and not all could be done."""

    code = "ITEMS_REFUSED"
    title = "Nothing was done, because some items could not be"
    meaning = (
        "All or nothing was asked for (`atomic=true`), and some items failed. `errors` names each and why; nothing of "
        "the others was kept. Mend or leave out those items, or send them without `atomic`."
    )

    @classmethod
    def because_of(cls, failed: Mapping[int, ServiceError], at: str) -> Self:
        """The error that names these, by their places in the request."""
        return cls(
            f"{len(failed)} of the items could not be done, so nothing was.",
            errors=[_first(error, f"{at}/{index}") for index, error in failed.items()],
        )


def problem_at(error: ServiceError, at: str) -> ItemProblem:
    """The problem of the item that stands at a place of the request."""
    return ItemProblem(
        type=problem_type(error.code),
        title=error.title,
        status=int(status_of(type(error))),
        detail=_moved(error.detail, at),
        error_code=error.code,
        errors=[ProblemField(pointer=e.pointer, message=e.message, code=e.code) for e in _fields(error, at)],
    )


def _first(error: ServiceError, at: str) -> FieldError:
    """What is first wrong with an item: one entry for each, so that all of them are named."""
    return next(_fields(error, at), FieldError(at, error.detail, error.code.lower()))


def _fields(error: ServiceError, at: str) -> Iterator[FieldError]:
    return (FieldError(_moved(field.pointer, at), field.message, field.code) for field in error.errors)


def _moved(text: str, at: str) -> str:
    """A pointer into an item, or words that begin with one, made one into the request."""
    return at + text.removeprefix(BODY) if text.startswith((f"{BODY}/", f"{BODY}:")) or text == BODY else text
