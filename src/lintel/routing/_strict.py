"""Routes that refuse what they were not declared to read."""

import email.message
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from fastapi import APIRouter, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lintel.errors import FieldError, InvalidInput
from lintel.routing._effective import ROUTE_LISTENER
from lintel.routing._json import JsonRequest

JSON_TYPE = "application/json"
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii"})
SEQUENCES = frozenset({list, tuple, set, frozenset})
UNSUPPORTED_MEDIA_TYPE = 415

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """Answers 422 to query parameters that are unknown or repeated, and 415 to a body of another type.

    FastAPI ignores the first, takes the last of the second, and reads a mislabelled body as far as it can. Only the
    route knows what it was declared to read, hence here and not in middleware.
    """

    def get_route_handler(self) -> Handler:
        """FastAPI's handler behind the two checks."""
        handle = super().get_route_handler()
        known = dict(_query_params(self.dependant))
        accepted = self._accepted_types()
        reads_json = JSON_TYPE in accepted

        async def strict(request: Request) -> Response:
            listener = request.scope.get(ROUTE_LISTENER)
            if listener is not None:
                listener(request.scope)
            if request.scope["query_string"]:
                _check_query(request, known)
            if accepted and _has_body(request):
                _check_content_type(request, accepted)
            return await handle(JsonRequest(request.scope, request.receive) if reads_json else request)

        return strict

    def _accepted_types(self) -> tuple[str, ...]:
        if self.body_field is None:
            return ()
        return FORM_TYPES if isinstance(self.body_field.field_info, params.Form) else (JSON_TYPE,)


class Router(APIRouter):
    """An `APIRouter` of strict routes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"route_class": StrictRoute, **options})


def _query_params(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The names of all query parameters, and whether each may be given several times."""
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, info in annotation.model_fields.items():
                yield info.alias or name, _takes_several(info)
        else:
            yield field.alias, _takes_several(field.field_info)
    for dependency in dependant.dependencies:
        yield from _query_params(dependency)


def _takes_several(field_info: FieldInfo) -> bool:
    annotation = field_info.annotation
    alternatives = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)
    return any((get_origin(alternative) or alternative) in SEQUENCES for alternative in alternatives)


def _check_query(request: Request, known: Mapping[str, bool]) -> None:
    seen: set[str] = set()
    errors = []
    for name, _ in request.query_params.multi_items():
        if name not in known:
            errors.append(_field_error(name, "Unknown query parameter", "extra_forbidden"))
        elif name in seen and not known[name]:
            errors.append(_field_error(name, "Given more than once", "repeated"))
        seen.add(name)
    if errors:
        raise InvalidInput(f"{errors[0].pointer}: {errors[0].message}", errors=errors[:20])


def _field_error(name: str, message: str, code: str) -> FieldError:
    shown = name if name.isascii() and name.replace("_", "").isalnum() and len(name) <= 64 else "?"  # noqa: PLR2004
    return FieldError(pointer=f"/query/{shown}", message=message, code=code)


def _has_body(request: Request) -> bool:
    headers = request.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _check_content_type(request: Request, accepted: Sequence[str]) -> None:
    message = email.message.Message()
    message["content-type"] = request.headers.get("content-type", "")
    # get_content_type() answers text/plain for what it cannot read.
    media_type = message.get_content_type()
    is_json = media_type.startswith("application/") and media_type.endswith("+json") and JSON_TYPE in accepted
    charset = str(message.get_param("charset", "")).lower()
    is_encoded = request.headers.get("content-encoding", "identity") != "identity"
    if (media_type not in accepted and not is_json) or charset not in UTF8 or is_encoded:
        raise HTTPException(
            UNSUPPORTED_MEDIA_TYPE,
            detail=f"This operation reads {' or '.join(accepted)} in UTF-8, uncompressed.",
            headers={"Accept": ", ".join(accepted)},
        )
