"""A file that is made while it is sent."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from typing import Any

from anyio.lowlevel import checkpoint
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from lintel.files._lines import LineFormat
from lintel.storage import content_disposition

LINE_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {each.media_type: {"schema": {"type": "string"}} for each in LineFormat},
    }
}
"""What a route declares that answers with items as lines, in one format or the other."""


class StreamedFile(StreamingResponse):
    """Sends pieces as they are made, at the pace of the client.

    Nothing is sent before the first piece is there, so that a failure until then is an answer of its own. One that
    comes later cuts the connection off: a client that reads HTTP as it is meant never takes a part for the whole.

    Args:
        pieces: The file; closed when the client has left.
        filename: Under which to save it; made harmless.
        media_type: What it is.
    """

    def __init__(self, pieces: AsyncGenerator[bytes], *, filename: str, media_type: str) -> None:
        headers = {
            "Content-Disposition": content_disposition(filename, media_type, "attachment"),
            "Content-Type": media_type,
        }
        super().__init__(pieces, headers=headers)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; HEAD like GET, as far as the headers depend on the file."""
        self._scope = scope
        await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Ask for the first piece, then answer."""
        async with aclosing(self._pieces) as pieces:
            first = await anext(pieces, b"")
            await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": first, "more_body": True})
            # Known now at the latest: a layer that runs HEAD as GET takes it back when the answer begins.
            if self._scope["method"] != "HEAD":
                await _send_on(pieces, send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_on(pieces: AsyncGenerator[bytes], send: Send) -> None:
    async for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        await checkpoint()  # a piece may be there without waiting, and a quick client take it likewise
