"""The errors a service raises on purpose. They know no HTTP: `_statuses` maps each kind to a status.

ServiceError
├── BadRequest              unreadable: not JSON, a bad Host
├── InvalidInput            readable, but not valid
├── Unauthenticated         nobody, or nobody we know
├── PermissionDenied        known, but not allowed
├── NotFound                absent, or somebody else's
├── Conflict                against the present state
│   └── AlreadyExists       a duplicate
├── PreconditionFailed      changed since it was read
├── PreconditionRequired    must say which version it changes
├── RequestTimeout          came too slowly
├── ContentTooLarge
├── UriTooLong
├── HeadersTooLarge
├── UnsupportedMediaType
├── RangeNotSatisfiable     the part asked for is not there
├── TooManyRequests         try again later
└── Unavailable             a dependency does not answer; try again later
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field.

    Attributes:
        pointer: JSON pointer into the request, such as `/body/email` or `/query/page`.
        message: What is wrong, in words for the sender. Never repeats the value.
        code: Stable name of the rule, such as `string_too_long`.
    """

    pointer: str
    message: str
    code: str


class ServiceError(Exception):
    """A failure with a stable code and a message that may be shown to anybody.

    Attributes:
        code: Stable, upper case; part of the API.
        title: The same for every error of this kind.
        detail: What happened this time. Never holds the rejected input or an exception's text.
        errors: The fields at fault, where there are any.
        retry_after: Seconds after which another try makes sense.
        members: What an answer tells beside what all errors do (RFC 9457, 3.2).
    """

    code: ClassVar[str] = "INTERNAL_ERROR"
    title: ClassVar[str] = "Internal server error"
    meaning: ClassVar[str] = "Something failed on our side. Report the request_id; the same request may work later."

    def __init__(
        self, detail: str | None = None, *, errors: Sequence[FieldError] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.members: Mapping[str, Any] = {}


class BadRequest(ServiceError):
    """The request cannot be read at all."""

    code = "BAD_REQUEST"
    title = "Bad request"
    meaning = "The request could not be read: its body is not what its Content-Type says, or its Host is not ours."


class InvalidInput(ServiceError):
    """The request can be read, but its content is not valid."""

    code = "VALIDATION_ERROR"
    title = "Validation error"
    meaning = "A value does not meet its rules. `errors` names each field and the rule."


class Unauthenticated(ServiceError):
    """Nobody, or nobody we know."""

    code = "UNAUTHENTICATED"
    title = "Could not validate credentials"
    meaning = "No valid credentials were sent. Sign in and send `Authorization: Bearer <access_token>`."


class PermissionDenied(ServiceError):
    """Somebody we know, who may not do this."""

    code = "FORBIDDEN"
    title = "Not enough permissions"
    meaning = "You are known, but may not do this."


class NotFound(ServiceError):
    """Not there, or not yours: the two cannot be told apart."""

    code = "NOT_FOUND"
    title = "Not found"
    meaning = "There is nothing here for you: it does not exist, or it belongs to somebody else."


class Conflict(ServiceError):
    """The request contradicts the present state."""

    code = "CONFLICT"
    title = "Conflict"
    meaning = "The request contradicts the present state of what it would change."


class AlreadyExists(Conflict):
    """A duplicate of something that must be unique."""

    code = "ALREADY_EXISTS"
    title = "Already exists"
    meaning = "Something with this unique value already exists."


class PreconditionFailed(ServiceError):
    """The resource changed since the sender read it."""

    code = "PRECONDITION_FAILED"
    title = "Precondition failed"
    meaning = "The resource changed since you read it. Read it again, then repeat your change."


class PreconditionRequired(ServiceError):
    """The request must say which version it means to change."""

    code = "PRECONDITION_REQUIRED"
    title = "Precondition required"
    meaning = "Send If-Match with the ETag of the version that you mean to change."


class RequestTimeout(ServiceError):
    """The rest of the request did not come in time."""

    code = "REQUEST_TIMEOUT"
    title = "Request timeout"
    meaning = "The request body came too slowly. Send it again, over a better connection or in smaller pieces."


class ContentTooLarge(ServiceError):
    """The body is larger than allowed."""

    code = "CONTENT_TOO_LARGE"
    title = "Content too large"
    meaning = "The request body is larger than this service accepts."


class UriTooLong(ServiceError):
    """The address with its query is longer than allowed."""

    code = "URI_TOO_LONG"
    title = "URI too long"
    meaning = "The path and the query together are longer than this service accepts."


class HeadersTooLarge(ServiceError):
    """There are more or longer headers than allowed."""

    code = "REQUEST_HEADER_FIELDS_TOO_LARGE"
    title = "Request header fields too large"
    meaning = "The headers are more, or together larger, than this service accepts. A cookie may have grown too large."


class UnsupportedMediaType(ServiceError):
    """The body is of a type that this operation does not read."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    title = "Unsupported media type"
    meaning = "The Content-Type is missing or is not one that this operation reads. The Accept header names them."


class RangeNotSatisfiable(ServiceError):
    """The part that was asked for lies behind the end."""

    code = "RANGE_NOT_SATISFIABLE"
    title = "Range not satisfiable"
    meaning = "The part asked for with `Range` is not in the file. Content-Range says how long the file is."


class TooManyRequests(ServiceError):
    """A limit is used up."""

    code = "TOO_MANY_REQUESTS"
    title = "Too many requests"
    meaning = "A limit is used up. Wait as long as Retry-After says. `violated-policies` names the limits, where known."

    def __init__(
        self, detail: str | None = None, *, policies: Sequence[str] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.policies = tuple(policies)
        if self.policies:
            self.members = {"violated-policies": list(self.policies)}


class Unavailable(ServiceError):
    """Something the service needs does not answer."""

    code = "SERVICE_UNAVAILABLE"
    title = "Service unavailable"
    meaning = "Something this service needs does not answer at present. Try again as Retry-After says."

    def __init__(
        self, detail: str | None = None, *, errors: Sequence[FieldError] = (), retry_after: int | None = 1
    ) -> None:
        super().__init__(detail, errors=errors, retry_after=retry_after)
