"""The one table that maps kinds of error to HTTP statuses."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType

from lintel.errors._tree import (
    AlreadyExists,
    BadRequest,
    Conflict,
    ContentTooLarge,
    HeadersTooLarge,
    InvalidInput,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    PreconditionRequired,
    RangeNotSatisfiable,
    RequestTimeout,
    ServiceError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    UriTooLong,
)

STATUSES: Mapping[type[ServiceError], HTTPStatus] = MappingProxyType(
    {
        ServiceError: HTTPStatus.INTERNAL_SERVER_ERROR,
        BadRequest: HTTPStatus.BAD_REQUEST,
        InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
        Unauthenticated: HTTPStatus.UNAUTHORIZED,
        PermissionDenied: HTTPStatus.FORBIDDEN,
        NotFound: HTTPStatus.NOT_FOUND,
        Conflict: HTTPStatus.CONFLICT,
        AlreadyExists: HTTPStatus.CONFLICT,
        PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
        PreconditionRequired: HTTPStatus.PRECONDITION_REQUIRED,
        RequestTimeout: HTTPStatus.REQUEST_TIMEOUT,
        ContentTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        UriTooLong: HTTPStatus.REQUEST_URI_TOO_LONG,
        HeadersTooLarge: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
        Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)

# Read backwards, so that of two kinds with one status the general one, listed first, is kept.
_KINDS = {int(status): kind for kind, status in reversed(list(STATUSES.items()))}


def status_of(kind: type[ServiceError]) -> HTTPStatus:
    """The status of an error class: its own row, or that of its nearest base class."""
    return next(STATUSES[base] for base in kind.__mro__ if base in STATUSES)


def kind_of(status: int) -> type[ServiceError] | None:
    """The most general kind of error with this status; None for a status that has no kind."""
    return _KINDS.get(status)


def known_kinds() -> Iterator[type[ServiceError]]:
    """Every kind of error that any loaded module defines, the general before the special."""
    pending: list[type[ServiceError]] = [ServiceError]
    while pending:
        kind = pending.pop(0)
        yield kind
        pending.extend(kind.__subclasses__())
