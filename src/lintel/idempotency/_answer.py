"""What was answered to a request, kept so that it can be answered again."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_BODY_BYTES = 2_097_152
"""Of an answer that is kept. The longest of a text of 10,000 characters has 820,000."""
FASTEST = 1
"""zlib's level: results repeat themselves, so that it already makes them ten times smaller."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it was given the first time.

    Attributes:
        status: Its status.
        headers: Those that belong to what was made; not those of one exchange, such as a request id.
        body: Its body, at most `MAX_BODY_BYTES`.

    Raises:
        ValueError: The body is longer.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __post_init__(self) -> None:
        """Refuse what would not be kept."""
        if len(self.body) > MAX_BODY_BYTES:
            raise ValueError(f"an answer of more than {MAX_BODY_BYTES} bytes cannot be kept for an idempotency key")

    def packed(self) -> bytes:
        """The body, made small."""
        return zlib.compress(self.body, FASTEST)

    @classmethod
    def unpacked(cls, status: int, headers: Mapping[str, str], packed: bytes) -> "Answer":
        """An answer that was kept."""
        return cls(status, headers, zlib.decompress(packed))


class AnsweredBefore(Exception):
    """The request was answered before: nothing was done again, and this was the answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"answered before with {answer.status}")
        self.answer = answer
