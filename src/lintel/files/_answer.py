"""A stored file as an answer: whole, in parts, or not at all because the client has it."""

import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from lintel.errors import problem_of_status
from lintel.files._ranges import NotSatisfiable, Part, parts_asked
from lintel.storage import (
    Disposition,
    FileInfo,
    Storage,
    StorageUnavailable,
    content_disposition,
    safe_content_type,
)

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""Whatever it is, it runs nothing, and nothing of our origin is within its reach."""


async def file_answer(
    storage: Storage,
    key: str,
    *,
    request_headers: Headers,
    path: str,
    content_type: str,
    filename: str,
    disposition: Disposition,
) -> Response:
    """The answer to GET of a stored file.

    Understands `Range` (one part or several), `If-Range` with an ETag, `If-None-Match`, and where that is not sent
    `If-Modified-Since`.

    Args:
        storage: Where it is.
        key: Which.
        request_headers: What the client asks for.
        path: Of the request, for an error answer.
        content_type: As the row says that holds the key, never guessed.
        filename: Under which to save it; made harmless.
        disposition: `inline` only has effect for types that cannot run scripts.

    Raises:
        FileMissing: There is none.
        StorageUnavailable: The storage does not answer.
    """
    info = await storage.head(key)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": content_disposition(filename, content_type, disposition),
        "Content-Security-Policy": SANDBOX,
        "ETag": info.etag,
        "Last-Modified": format_datetime(info.modified_at, usegmt=True),
        "X-Content-Type-Options": "nosniff",
    }
    if _client_has(info, request_headers):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    try:
        parts = _asked(info, request_headers)
    except NotSatisfiable:
        unsatisfied = {"Content-Range": f"bytes */{info.size}", "Accept-Ranges": "bytes"}
        return problem_of_status(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, path, headers=unsatisfied)
    return _FileResponse(storage, info, parts, headers, safe_content_type(content_type))


def _client_has(info: FileInfo, headers: Headers) -> bool:
    tags = headers.get("if-none-match")
    if tags is None:
        return _is_as_old_as(info, headers.get("if-modified-since"))
    return tags.strip() == "*" or info.etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))


def _is_as_old_as(info: FileInfo, date: str | None) -> bool:
    """Whether it was not put after a date; what cannot be read is none (RFC 9110, 13.1.3)."""
    try:
        since = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError):
        return False
    # A date without a zone is none of HTTP, and cannot be compared.
    return since.tzinfo is not None and info.modified_at.replace(microsecond=0) <= since


def _asked(info: FileInfo, headers: Headers) -> Sequence[Part]:
    # By date it is the whole file: two contents may be of one second.
    asked, condition = headers.get("range"), headers.get("if-range")
    if asked is None or (condition is not None and condition.strip() != info.etag):
        return []
    return parts_asked(asked, info.size)


class _FileResponse(Response):
    """Sends a file, or parts of it, at the pace of the client."""

    def __init__(
        self, storage: Storage, info: FileInfo, parts: Sequence[Part], headers: dict[str, str], content_type: str
    ) -> None:
        self._storage = storage
        self._info = info
        self._parts = parts or [(0, info.size)]
        self._heads = [b""] * len(self._parts)
        self._end = b""
        status = HTTPStatus.PARTIAL_CONTENT if parts else HTTPStatus.OK
        if len(parts) > 1:
            content_type = self._divide(content_type)
        elif parts:
            headers["Content-Range"] = _content_range(info, parts[0])
        length = sum(behind - start for start, behind in self._parts) + sum(map(len, [*self._heads, self._end]))
        headers |= {"Content-Length": str(length), "Content-Type": content_type}
        self.status_code = status
        self.background = None
        self.init_headers(headers)

    def _divide(self, content_type: str) -> str:
        """Put heads between the parts; returns the type of the whole."""
        boundary = secrets.token_hex(16)
        self._heads = [
            f"\r\n--{boundary}\r\nContent-Type: {content_type}\r\n"
            f"Content-Range: {_content_range(self._info, part)}\r\n\r\n".encode()
            for part in self._parts
        ]
        self._end = f"\r\n--{boundary}--\r\n".encode()
        return f"multipart/byteranges; boundary={boundary}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - of ASGI
        """Ask the storage first, so that its failure is still an answer of its own."""
        async with aclosing(self._pieces()) as pieces:
            first = await anext(pieces, b"")
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            # A layer further out runs HEAD as GET, and says so once the head is sent.
            if scope["method"] != "HEAD":
                await send({"type": "http.response.body", "body": first, "more_body": True})
                async for piece in pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pieces(self) -> AsyncGenerator[bytes]:
        for head, part in zip(self._heads, self._parts, strict=True):
            if head:
                yield head
            async with aclosing(self._part(part)) as chunks:
                async for chunk in chunks:
                    yield chunk
        if self._end:
            yield self._end

    async def _part(self, part: Part) -> AsyncGenerator[bytes]:
        start, behind = part
        async with self._storage.get_stream(self._info.key, start=start, end=behind or None) as stream:
            if stream.file.etag != self._info.etag:
                raise StorageUnavailable("The file was replaced while it was read.")
            async for chunk in stream.chunks:
                yield chunk


def _content_range(info: FileInfo, part: Part) -> str:
    return f"bytes {part[0]}-{part[1] - 1}/{info.size}"
