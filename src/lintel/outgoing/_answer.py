"""What others answer, as far as it is read."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import httpx2

from lintel.outgoing._errors import OutgoingTooLarge, OutgoingUnavailable


@dataclass(frozen=True, slots=True)
class OutgoingAnswer:
    """An answer that was read to its end, or to as much of it as was wanted.

    Attributes:
        status: Whatever it is; no status is an error here.
        headers: As they came.
        content: The body.
        url: Where it came from, after redirects.
        is_truncated: Whether there was more.
    """

    status: int
    headers: httpx2.Headers
    content: bytes
    url: str
    is_truncated: bool = False

    @property
    def is_success(self) -> bool:
        """Whether it says that the call did what it should."""
        return httpx2.codes.is_success(self.status)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            OutgoingUnavailable: It is none.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            raise OutgoingUnavailable("not JSON") from None


class OutgoingStream:
    """An answer that is being read.

    Attributes:
        status: Whatever it is.
        headers: As they came.
        url: Where it comes from, after redirects.
        received: Bytes read so far.
    """

    def __init__(self, response: httpx2.Response, *, max_bytes: int) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.url = str(response.url)
        self.received = 0
        self._response = response
        self._max_bytes = max_bytes

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The body, as it comes.

        Raises:
            OutgoingTooLarge: It is longer than wanted; at once where its length is told.
            OutgoingTimeout: Its next part, or the whole, takes too long.
            OutgoingUnavailable: The connection broke, or the body is compressed: we ask for none of that, as a few
                bytes can become any number.
        """
        self._check_coding()
        told = self.headers.get("content-length", "")
        if told.isdecimal() and int(told) > self._max_bytes:
            raise OutgoingTooLarge("content-length")
        async with aclosing(self._response.aiter_raw()) as chunks:
            async for chunk in chunks:
                self.received += len(chunk)
                if self.received > self._max_bytes:
                    raise OutgoingTooLarge("body")
                yield chunk

    async def read(self, *, truncate: bool = False) -> OutgoingAnswer:
        """The whole body; or, if its beginning is enough, as much as is wanted of it.

        Raises:
            OutgoingTooLarge: It is longer than wanted, and the beginning is not enough.
            OutgoingTimeout: It takes too long.
            OutgoingUnavailable: The connection broke, or the body is compressed.
        """
        parts, is_truncated = (await self._beginning()) if truncate else ([part async for part in self.chunks()], False)
        return OutgoingAnswer(self.status, self.headers, b"".join(parts), self.url, is_truncated)

    async def _beginning(self) -> tuple[list[bytes], bool]:
        parts: list[bytes] = []
        left = self._max_bytes
        async with aclosing(self._response.aiter_raw()) as chunks:
            async for chunk in chunks:
                self.received += len(chunk)
                parts.append(chunk[:left])
                left -= len(chunk)
                if left < 0:
                    break
        return parts, left < 0

    def _check_coding(self) -> None:
        if self.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
            raise OutgoingUnavailable("compressed")
