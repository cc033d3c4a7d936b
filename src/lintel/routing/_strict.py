"""Routes that refuse what they were not declared to read."""

import email.message
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import APIRouter, params
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lintel.deprecation import Deprecation, announce_deprecation, deprecation_of
from lintel.routing._effective import ROUTE_LISTENER
from lintel.routing._form import FormRequest
from lintel.routing._json import JsonRequest
from lintel.routing._params import check_path, check_query, form_params, path_params, query_params
from lintel.routing._streams import close_with, closing, enter, is_stream

JSON_TYPE = "application/json"
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii"})
UNSUPPORTED_MEDIA_TYPE = 415

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRoute(APIRoute):
    """Refuses what it was not declared to read, and what can be read in two ways.

    422 for query parameters that are unknown or repeated, for names repeated in a body, and for numbers in paths,
    queries and forms that are not written as JSON writes them; 415 for a body of another type; 400 for one that is not
    UTF-8. FastAPI ignores the first, takes the last of the second, and reads the others as far as it can. Only the
    route knows what it was declared to read, hence here and not in middleware.

    Attributes:
        deprecation: That it will go, if that was declared.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, closing(endpoint), **options)
        self.deprecation: Deprecation | None = deprecation_of(endpoint)

    def get_route_handler(self) -> Handler:
        """FastAPI's handler behind the checks."""
        handle = super().get_route_handler()
        in_path, in_query = path_params(self.dependant), query_params(self.dependant)
        accepted = self._accepted_types()
        readable = self._reader()
        streams = is_stream(self.endpoint)

        async def strict(request: Request) -> Response:
            listener = request.scope.get(ROUTE_LISTENER)
            if listener is not None:
                listener(request.scope)
            if self.deprecation is not None:
                announce_deprecation(request.scope, self.name)
            if in_path:
                check_path(request.path_params, in_path)
            if request.scope["query_string"]:
                check_query(request.query_params.multi_items(), in_query)
            if accepted and _has_body(request):
                _check_content_type(request, accepted)
            if streams:
                enter(request)
            response = await handle(readable(request))
            close_with(request, response)
            return response

        return strict

    def _accepted_types(self) -> tuple[str, ...]:
        if self.body_field is None:
            return ()
        return FORM_TYPES if isinstance(self.body_field.field_info, params.Form) else (JSON_TYPE,)

    def _reader(self) -> Callable[[Request], Request]:
        """What makes a request out of one whose body is read by our rules."""
        if self.body_field is None:
            return lambda request: request
        if not isinstance(self.body_field.field_info, params.Form):
            return lambda request: JsonRequest(request.scope, request.receive)
        fields = form_params(self.dependant)
        takes_files = isinstance(self.body_field.field_info, params.File)
        return lambda request: FormRequest(request.scope, request.receive, fields=fields, takes_files=takes_files)


class Router(APIRouter):
    """An `APIRouter` of strict routes.

    Args:
        deprecation: That all its routes will go; one that declares so itself keeps its own declaration.
        options: Those of `APIRouter`.
    """

    def __init__(self, *, deprecation: Deprecation | None = None, **options: Any) -> None:
        self._deprecation = deprecation
        super().__init__(**{"route_class": StrictRoute, **options})

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Add a route, deprecated if the router is."""
        super().add_api_route(path, endpoint, **options)
        route = self.routes[-1]
        if isinstance(route, StrictRoute) and route.deprecation is None:
            route.deprecation = self._deprecation


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
