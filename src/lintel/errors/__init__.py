"""The error tree, its one rendering (RFC 9457) and its declaration in OpenAPI."""

from lintel.errors._handlers import error_response, install_error_handlers, is_expected
from lintel.errors._openapi import declare_errors, problems
from lintel.errors._pages import problem_page_routes
from lintel.errors._problem import MEDIA_TYPE, Problem, ProblemField, problem_of, problem_of_status, problem_type
from lintel.errors._statuses import STATUSES, kind_of, known_kinds, status_of
from lintel.errors._tree import (
    AlreadyExists,
    BadRequest,
    Conflict,
    ContentTooLarge,
    FieldError,
    HeadersTooLarge,
    InvalidInput,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    PreconditionRequired,
    RequestTimeout,
    ServiceError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    UriTooLong,
)

__all__ = [
    "MEDIA_TYPE",
    "STATUSES",
    "AlreadyExists",
    "BadRequest",
    "Conflict",
    "ContentTooLarge",
    "FieldError",
    "HeadersTooLarge",
    "InvalidInput",
    "NotFound",
    "PermissionDenied",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "ProblemField",
    "RequestTimeout",
    "ServiceError",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedMediaType",
    "UriTooLong",
    "declare_errors",
    "error_response",
    "install_error_handlers",
    "is_expected",
    "kind_of",
    "known_kinds",
    "problem_of",
    "problem_of_status",
    "problem_page_routes",
    "problem_type",
    "problems",
    "status_of",
]
