"""The one shape of every error answer: RFC 9457 problem details."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from lintel.context import current_request_id
from lintel.errors._statuses import kind_of, status_of
from lintel.errors._tree import FieldError, ServiceError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/problems/"
MAX_PATH = 500
"""More of a path is not repeated."""
NO_PAGE = "about:blank"
"""RFC 9457, 4.2.1: the status says it all."""
_PHRASES = {int(status): status.phrase for status in HTTPStatus}
_HEADERS: Mapping[int, Mapping[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
    # The rest of the body is still on its way, and nobody wants to read it.
    HTTPStatus.REQUEST_TIMEOUT: {"Connection": "close"},
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: {"Connection": "close"},
}
"""What answers with a status always carry."""


class ProblemField(BaseModel):
    """One field at fault."""

    pointer: Annotated[str, Field(description="JSON pointer into the request.", examples=["/body/email"])]
    message: Annotated[str, Field(description="What is wrong.", examples=["value is not a valid email address"])]
    code: Annotated[str, Field(description="Stable name of the rule.", examples=["value_error"])]


class Problem(BaseModel):
    """An error answer (RFC 9457), with the names that other conventions use for the same things."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: Annotated[str, Field(description="Address of a page about this kind of error.")]
    title: Annotated[str, Field(description="The kind of error, in words.")]
    status: Annotated[int, Field(description="The HTTP status.", ge=400, le=599)]
    detail: Annotated[str, Field(description="What happened this time.")]
    instance: Annotated[str, Field(description="Path of the request.")]
    error_code: Annotated[str, Field(description="Stable code of the kind of error.", examples=["NOT_FOUND"])]
    errors: Annotated[list[ProblemField], Field(description="The fields at fault, where there are any.")] = []
    request_id: Annotated[str | None, Field(description="Quote this when you report the error.")]
    timestamp: Annotated[datetime, Field(description="When it happened (UTC).")]
    success: Annotated[Literal[False], Field(description="Always false.")] = False
    error: Annotated[str, Field(description="Same as title.")]
    message: Annotated[str, Field(description="Same as detail.")]
    path: Annotated[str, Field(description="Same as instance.")]


def problem_type(code: str) -> str:
    """Address of the page about an error code: `NOT_FOUND` → `/problems/not-found`."""
    return TYPE_PREFIX + code.lower().replace("_", "-")


def problem_response(
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    path: str,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    kind: str | None = None,
    members: Mapping[str, Any] | None = None,
) -> Response:
    """An answer in the one shape, with any text made valid UTF-8; `kind` is its `type` if the code has no page.

    `members` are further ones of this kind of error alone.
    """
    path = path[:MAX_PATH]
    body: dict[str, Any] = {
        "type": kind or problem_type(code),
        "title": title,
        "status": int(status),
        "detail": detail,
        "instance": path,
        "error_code": code,
        "errors": [{"pointer": e.pointer, "message": e.message, "code": e.code} for e in errors],
        "request_id": current_request_id(),
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "success": False,
        "error": title,
        "message": detail,
        "path": path,
        **(members or {}),
    }
    # A path or a name may hold lone surrogates, which UTF-8 cannot carry.
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    response = Response(content, status_code=int(status), headers=headers, media_type=MEDIA_TYPE)
    for name, value in _HEADERS.get(status, {}).items():
        response.headers.setdefault(name, value)
    return response


def problem_of(error: ServiceError, path: str) -> Response:
    """The answer to a `ServiceError`, with the headers its kind calls for."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else None
    return problem_response(
        status=status_of(type(error)),
        code=error.code,
        title=error.title,
        detail=error.detail,
        path=path,
        errors=error.errors,
        headers=headers,
        members=error.members,
    )


def problem_of_status(
    status: int, path: str, *, detail: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer to a bare HTTP status, as frameworks and servers raise it."""
    kind = kind_of(status)
    phrase = _PHRASES.get(status, "Error")
    title = kind.title if kind else phrase.capitalize()
    code = kind.code if kind else phrase.upper().replace(" ", "_").replace("-", "_").replace("'", "")
    if detail is None or detail == phrase:
        detail = title
    response = problem_response(
        status=status,
        code=code,
        title=title,
        detail=detail,
        path=path,
        headers=headers,
        kind=None if kind else NO_PAGE,
    )
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers.setdefault("Retry-After", "1")  # nobody said when; a kind of our own does, or means not to
    return response
