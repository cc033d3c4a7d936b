"""Bulk operations: many items in one request, answered item by item or all or nothing."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, Self, TypeVar, get_args

from fastapi import Depends, Query
from pydantic import ConfigDict, Field, GetCoreSchemaHandler, ValidationError, model_validator
from pydantic_core import CoreSchema, core_schema

from lintel.api._bulk_problems import ItemProblem, ItemsRefused, problem_at
from lintel.api._models import MAX_ID, RequestModel, ResponseModel, RowId
from lintel.db import ANY_VERSION, ExpectedVersion
from lintel.errors import FieldError, InvalidInput, ServiceError, invalid_input

MAX_BULK = 100
"""Items of one request, where nothing asks for fewer."""
MAX_ERRORS = 5
"""Of one item, so that an answer about many stays short."""
MAX_VERSION = 2**31 - 1
IN_BODY, IN_QUERY = "/body/items", "/query/ids"
"""Where items stand in requests."""
CREATED, CHANGED, DELETED = 201, 200, 204
"""What a request for an item alone would be answered."""

T = TypeVar("T")
ModelT = TypeVar("ModelT")


class _ItemByItem:
    """Reads an item by its model; where that refuses it, the refusal stands in its place."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(_read, handler.generate_schema(get_args(source)[0]))


def _read(item: Any, model: core_schema.ValidatorFunctionWrapHandler) -> Any:
    try:
        return model(item)
    except ValidationError as error:
        found = error.errors(include_url=False)
        return invalid_input([{**each, "loc": ("body", *each["loc"])} for each in found], most=MAX_ERRORS)


Each = Annotated[ModelT | InvalidInput, _ItemByItem()]
"""An item of a list in a body (`items: list[Each[UserCreate]]`): one that is not valid does not spoil the others.

The document shows the item's model, and the list needs a `max_length`.
"""


class BulkChange(RequestModel, Generic[ModelT]):
    """One thing to be changed, and how."""

    model_config = ConfigDict(json_schema_extra={"description": "One thing to be changed, and how."})

    id: Annotated[RowId, Field(description="Number of what is to be changed.")]
    version: Annotated[
        int | None,
        Field(ge=1, le=MAX_VERSION, description="Its `version` that you have seen: 412 if it is another by now."),
    ] = None
    changes: Annotated[ModelT, Field(description="What is to be different, as if it were changed alone.")]

    @property
    def expected(self) -> ExpectedVersion:
        """The version that the sender means to change; for the service."""
        return ANY_VERSION if self.version is None else ExpectedVersion(frozenset({self.version}))


class BulkUpdate(RequestModel, Generic[ModelT]):
    """The body of a bulk update. Nothing is changed twice in one."""

    items: Annotated[
        list[Each[BulkChange[ModelT]]],
        Field(min_length=1, max_length=MAX_BULK, description="What is to be changed; each only once."),
    ]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if _has_twice([item.id for item in self.items if not isinstance(item, ServiceError)]):
            raise ValueError("an id stands twice")
        return self


class BulkResult(ResponseModel):
    """What became of one item."""

    model_config = ConfigDict(json_schema_extra={"description": "What became of one item."})

    index: Annotated[int, Field(description="Its place in the request, from 0.")]
    status: Annotated[int, Field(description="The HTTP status that it would have been answered with alone.")]
    id: Annotated[int | None, Field(description="Its number; null where there is none, or it could not be read.")]
    problem: Annotated[ItemProblem | None, Field(description="Why nothing was done; null if it was.")]


class BulkItem(BulkResult, Generic[T]):
    """What became of one item, and what it is now."""

    item: Annotated[T | None, Field(description="What it is now; null if nothing was done.")]


class _Counted(ResponseModel):
    succeeded: Annotated[int, Field(description="Items that were done.")]
    failed: Annotated[int, Field(description="Items that were not, and left nothing behind.")]


class BulkAnswer(_Counted, Generic[T]):
    """What became of the items of a bulk create or update."""

    model_config = ConfigDict(json_schema_extra={"description": "What became of each item, in their order."})

    items: Annotated[list[BulkItem[T]], Field(description="One for each item of the request, in the same order.")]

    @classmethod
    def created(cls, ends: Sequence[T | ServiceError]) -> Self:
        """The answer to who had things made: what was made, or an error, for each."""
        return cls._of(ends, [getattr(end, "id", None) for end in ends], CREATED)

    @classmethod
    def changed(cls, ids: Sequence[int | None], ends: Sequence[T | ServiceError]) -> Self:
        """The answer to who had things changed: their numbers as far as they could be read, and what they are now."""
        return cls._of(ends, ids, CHANGED)

    @classmethod
    def _of(cls, ends: Sequence[T | ServiceError], ids: Sequence[int | None], status: int) -> Self:
        items = [
            {**_result(index, end, row_id, status, IN_BODY), "item": None if isinstance(end, ServiceError) else end}
            for index, (end, row_id) in enumerate(zip(ends, ids, strict=True))
        ]
        return cls.model_validate({"items": items, **_counts(ends)})


class BulkDeleted(_Counted):
    """What became of what was to be deleted, in the order of the request."""

    items: Annotated[list[BulkResult], Field(description="One for each number of the request, in the same order.")]

    @classmethod
    def of(cls, ids: Sequence[int], ends: Sequence[object]) -> Self:
        """The answer: an error, or anything else, for each number."""
        items = [
            _result(index, end, row_id, DELETED, IN_QUERY)
            for index, (end, row_id) in enumerate(zip(ends, ids, strict=True))
        ]
        return cls.model_validate({"items": items, **_counts(ends)})


def settled(ends: Sequence[T], *, atomic: bool, at: str = IN_BODY) -> Sequence[T]:
    """The ends themselves, if they may stand: some failed and others did not, or none failed.

    Called within the unit of work, so that it is undone as a whole where not all of it was done.

    Args:
        ends: What became of each item.
        atomic: Whether the sender wants all or nothing.
        at: Where the items stand in the request.

    Raises:
        ItemsRefused: They want that, and something failed.
    """
    failed = {index: end for index, end in enumerate(ends) if isinstance(end, ServiceError)}
    if atomic and failed:
        raise ItemsRefused.because_of(failed, at)
    return ends


def _result(index: int, end: object, row_id: int | None, status: int, at: str) -> dict[str, Any]:
    problem = problem_at(end, f"{at}/{index}") if isinstance(end, ServiceError) else None
    return {"index": index, "id": row_id, "status": problem.status if problem else status, "problem": problem}


def _counts(ends: Sequence[object]) -> dict[str, int]:
    failed = sum(isinstance(end, ServiceError) for end in ends)
    return {"succeeded": len(ends) - failed, "failed": failed}


def _has_twice(ids: Sequence[int]) -> bool:
    return len(set(ids)) < len(ids)


async def _atomic(
    *,
    atomic: Annotated[
        bool,
        Query(description="All or nothing: if one item fails, none is done, and the answer is a 422 that names it."),
    ] = False,
) -> bool:
    return atomic


AtomicDep = Annotated[bool, Depends(_atomic)]
"""Whether the sender wants all or nothing (`?atomic=true`)."""


async def _ids(
    ids: Annotated[
        str,
        Query(
            pattern=r"^[1-9][0-9]{0,18}(,[1-9][0-9]{0,18})*$",
            max_length=MAX_BULK * 20 - 1,
            description=f"Their numbers, with commas between; 1 to {MAX_BULK}, each once.",
            examples=["4,5,6"],
        ),
    ],
) -> list[int]:
    found = [int(row_id) for row_id in ids.split(",")]
    if len(found) > MAX_BULK:
        raise _bad_ids(f"must be at most {MAX_BULK} numbers", "too_long")
    if max(found) > MAX_ID:
        raise _bad_ids(f"must be numbers up to {MAX_ID}", "less_than_equal")
    if _has_twice(found):
        raise _bad_ids("must name each only once", "repeated")
    return found


def _bad_ids(message: str, code: str) -> InvalidInput:
    return InvalidInput(f"{IN_QUERY}: {message}", errors=[FieldError(IN_QUERY, message, code)])


BulkIdsDep = Annotated[list[int], Depends(_ids)]
"""Which ones, for bulk deletes (`?ids=4,5,6`): what a DELETE has for a body need not arrive."""
