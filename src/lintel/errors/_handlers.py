"""Exceptions to answers: one function for every exception, whoever raised it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lintel.errors._methods import allowed_methods
from lintel.errors._problem import problem_of, problem_of_status
from lintel.errors._tree import BadRequest, FieldError, InvalidInput, ServiceError

MAX_ERRORS = 20
MAX_MESSAGE = 200
REPEATING = {"union_tag_invalid": "Input tag is not one of the expected ones"}
"""Instead of the messages in which Pydantic repeats the input."""
WHILE_READING = "There was an error parsing the body"
"""FastAPI's words for whatever was raised while it read a body."""
ANSWERING = "Caught handled exception, but response already started."
"""Starlette's words for whatever was raised while an answer was under way."""
BAD_EMAIL = "value is not a valid email address"
"""Behind it stands which part of the input is to blame."""

_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,64}", re.ASCII)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every exception in the one shape.

    The handler of `Exception` also meets deliberate errors: those raised in middleware, outside of the router.
    """

    async def handle(request: Request, error: Exception) -> Response:
        return error_response(error, request.scope)

    for kind in (ServiceError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, handle)


def error_response(error: Exception, scope: Scope) -> Response:
    """The answer to any exception. Unexpected ones are a 500 that says nothing about them."""
    error = _cause(error)
    path = scope["path"]
    if isinstance(error, ClientDisconnect):
        return _Silence()
    if isinstance(error, HTTPException):
        detail = error.detail if isinstance(error.detail, str) and error.detail else None
        return problem_of_status(error.status_code, path, detail=detail, headers=_headers(error, scope))
    if isinstance(error, RequestValidationError):
        return problem_of(_from_validation(error), path)
    return problem_of(error if isinstance(error, ServiceError) else ServiceError(), path)


def is_expected(error: Exception) -> bool:
    """Whether an error was raised on purpose, so that its stack says nothing that its answer does not."""
    error = _cause(error)
    if isinstance(error, HTTPException | RequestValidationError | ClientDisconnect):
        return True
    return isinstance(error, ServiceError) and type(error) is not ServiceError


class _Silence(Response):
    """What is said to somebody who has left."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing."""


def _cause(error: Exception) -> Exception:
    """The error itself: frameworks hide what was raised while a body was read, or an answer was under way."""
    if isinstance(error, RuntimeError) and str(error) == ANSWERING and isinstance(error.__cause__, Exception):
        return error.__cause__
    if isinstance(error, HTTPException) and error.detail == WHILE_READING:
        cause = error.__cause__
        return cause if isinstance(cause, ServiceError | RequestValidationError | ClientDisconnect) else error
    return error


def _headers(error: HTTPException, scope: Scope) -> Mapping[str, str]:
    headers = dict(error.headers or {})
    if "Allow" in headers and "app" in scope:
        headers["Allow"] = ", ".join(allowed_methods(scope))
    return headers


def _from_validation(error: RequestValidationError) -> ServiceError:
    items: Sequence[Mapping[str, Any]] = error.errors()
    if any(item["type"] == "json_invalid" for item in items):
        return BadRequest("The request body is not valid JSON.")
    return invalid_input(items)


def invalid_input(items: Sequence[Mapping[str, Any]], *, most: int = MAX_ERRORS) -> InvalidInput:
    """What Pydantic found wrong (`ValidationError.errors()`), in our words: the input is not repeated.

    Args:
        items: What it found.
        most: How much of it is told.
    """
    errors = [_field_error(item) for item in items[:most]]
    first = f"{errors[0].pointer}: {errors[0].message}" if errors else None
    more = f" (and {len(items) - 1} more)" if len(items) > 1 else ""
    return InvalidInput(f"{first}{more}" if first else None, errors=errors)


def _field_error(item: Mapping[str, Any]) -> FieldError:
    code = str(item["type"])
    message = REPEATING.get(code) or str(item["msg"]).removeprefix("Value error, ")[:MAX_MESSAGE]
    if message.startswith(BAD_EMAIL):
        message = BAD_EMAIL
    if code in {"too_long", "too_short"}:
        # Pydantic's own words count "items", and tell how many a secret has.
        bounds = item.get("ctx", {})
        wanted = f"most {bounds.get('max_length')}" if code == "too_long" else f"least {bounds.get('min_length')}"
        message = f"Must have at {wanted} characters or items"
    return FieldError(pointer=_pointer(item["loc"]), message=message, code=code)


def _pointer(location: Sequence[str | int]) -> str:
    # Names of unknown fields come from the sender: only harmless ones are repeated.
    return "".join(f"/{part}" if _NAME.fullmatch(str(part)) else "/?" for part in location)
