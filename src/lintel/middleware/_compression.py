"""Compressed answers, at no cost for the small ones."""

import re
from collections.abc import Awaitable

from starlette.middleware.gzip import GZipMiddleware, GZipResponder, IdentityResponder
from starlette.types import Message, Receive, Scope, Send

from lintel.middleware._headers import find_header, request_headers

REFUSED = re.compile(rb"gzip\s*;\s*q=0(?:\.0*)?(?![.0-9])", re.IGNORECASE)
"""A weight of nothing: the sender would rather have anything else (RFC 9110, 12.4.2)."""
WITHOUT_BODY = frozenset({204, 304})
"""Even of nothing at all, gzip makes 20 bytes; here they would be taken for the next answer."""


class CompressionMiddleware(GZipMiddleware):
    """Starlette's gzip, which is not even asked about an answer that is too small or has no body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is small; let Starlette decide about everything else."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        forward = send

        def send_or_compress(message: Message) -> Awaitable[None]:
            nonlocal forward
            if message["type"] == "http.response.start" and not self._passes(message):
                responder = self._responder(scope)
                responder.send = send
                forward = responder.send_with_compression
            return forward(message)

        await self.app(scope, receive, send_or_compress)

    def _passes(self, message: Message) -> bool:
        headers = message.get("headers", ())
        # Parts are of the bytes as they are stored, and so is a strong ETag.
        if message["status"] in WITHOUT_BODY or find_header(headers, b"accept-ranges") == b"bytes":
            return True
        length = find_header(headers, b"content-length")
        return length is not None and length.isdigit() and int(length) < self.minimum_size

    def _responder(self, scope: Scope) -> IdentityResponder:
        if not _accepts_gzip(request_headers(scope).get(b"accept-encoding", b"")):
            return IdentityResponder(self.app, self.minimum_size, exclude_content_types=self.exclude_content_types)
        return GZipResponder(
            self.app,
            self.minimum_size,
            compresslevel=self.compresslevel,
            thread_minimum_size=self.thread_minimum_size,
            exclude_content_types=self.exclude_content_types,
        )


def _accepts_gzip(accepted: bytes) -> bool:
    return b"gzip" in accepted.lower() and REFUSED.search(accepted) is None
