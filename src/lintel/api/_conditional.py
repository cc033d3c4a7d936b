"""Conditional requests (RFC 9110, 13): nobody is sent what they have, or overwrites what they have not seen."""

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Header, Request, Response

from lintel.db import ExpectedVersion
from lintel.errors import FieldError, InvalidInput, PreconditionRequired

ResourceT = TypeVar("ResourceT")

IF_MATCH, IF_NONE_MATCH = "If-Match", "If-None-Match"
MAX_TAGS = 1_000
"""Characters of a header of tags."""
CACHE_CONTROL = "private, no-cache"
"""Whoever asked may keep the answer, and must ask whether it is still good before using it."""
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e]*)"')
_TAGS = re.compile(r'\s*(?:W/)?"[\x21\x23-\x7e]*"\s*(?:,\s*(?:W/)?"[\x21\x23-\x7e]*"\s*)*')


class NotModified(Exception):
    """The sender has what would be answered (304)."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


def etag_of(resource: Any) -> str:
    """The entity tag of a resource.

    Strong for what counts its changes (`version`), weak for what only tells when it changed last (`updated_at`).
    """
    version: int | None = getattr(resource, "version", None)
    if version is not None:
        return f'"{version}"'
    moment: datetime = resource.updated_at
    return f'W/"{int(moment.timestamp() * 1_000_000):x}"'


class Reading:
    """A request that reads one resource."""

    def __init__(self, response: Response, known: str | None) -> None:
        self._response = response
        self._known = known

    def of(self, resource: ResourceT) -> ResourceT:
        """The resource itself, after its tag was set (`ETag`).

        Raises:
            NotModified: The sender named the tag that it has.
        """
        etag = etag_of(resource)
        if self._known is not None and _matches_weakly(self._known, etag):
            raise NotModified(etag)
        self._response.headers["ETag"] = etag
        self._response.headers["Cache-Control"] = CACHE_CONTROL
        return resource


class Change:
    """A request that changes one resource.

    Attributes:
        expected: The version that the sender means to change; for the service.
    """

    def __init__(self, response: Response, expected: ExpectedVersion) -> None:
        self._response = response
        self.expected = expected

    def to(self, resource: ResourceT) -> ResourceT:
        """The resource as it is now, after its new tag was set (`ETag`)."""
        self._response.headers["ETag"] = etag_of(resource)
        return resource


def install_not_modified(app: FastAPI) -> None:
    """Answer `NotModified`."""

    async def handle(_: Request, error: Exception) -> Response:
        etag = error.etag if isinstance(error, NotModified) else ""
        return Response(status_code=304, headers={"ETag": etag, "Cache-Control": CACHE_CONTROL})

    app.add_exception_handler(NotModified, handle)


def _matches_weakly(known: str, etag: str) -> bool:
    return known.strip() == "*" or etag.removeprefix("W/") in (f'"{tag}"' for _, tag in _TAG.findall(known))


def _expected(sent: str | None) -> ExpectedVersion:
    if sent is None or sent.strip() == "*":
        return ExpectedVersion()
    if not _TAGS.fullmatch(sent):
        message = 'must be tags such as "7", with commas between, or *'
        raise InvalidInput(errors=[FieldError(f"/header/{IF_MATCH}", message, "etag")])
    # Weak tags never match here (RFC 9110, 13.1.1), nor do those that are none of ours.
    return ExpectedVersion(frozenset(int(tag) for weak, tag in _TAG.findall(sent) if not weak and tag.isdecimal()))


Known = Annotated[
    str | None,
    Header(alias=IF_NONE_MATCH, max_length=MAX_TAGS, description="ETags that you have; 304 if it is one of them."),
]
Meant = Annotated[
    str | None,
    Header(
        alias=IF_MATCH,
        max_length=MAX_TAGS,
        description="ETag of the version that you mean to change: the answer is 412 if it is another by now.",
    ),
]
MustMean = Annotated[
    str | None,
    Header(
        alias=IF_MATCH,
        max_length=MAX_TAGS,
        description="ETag of the version that you mean to replace: the answer is 412 if it is another by now, and 428 "
        "without this header. `*` replaces whatever there is.",
    ),
]


async def _reading(response: Response, known: Known = None) -> Reading:
    return Reading(response, known)


async def _change(response: Response, meant: Meant = None) -> Change:
    return Change(response, _expected(meant))


async def _replacement(response: Response, meant: MustMean = None) -> Change:
    if meant is None:
        raise PreconditionRequired
    return Change(response, _expected(meant))


ReadingDep = Annotated[Reading, Depends(_reading)]
"""For endpoints that read: `return reading.of(…)` tags the answer, or answers 304."""
ChangeDep = Annotated[Change, Depends(_change)]
"""For endpoints that change: `return change.to(…)` tags the answer; `change.expected` is what `If-Match` says."""
ReplaceDep = Annotated[Change, Depends(_replacement)]
"""The same where the sender must say which version is meant, else 428: for what replaces the whole."""
