"""One record a call."""

import time

import httpx2
import structlog

from lintel.observability import OutgoingMetrics
from lintel.outgoing._answer import OutgoingStream
from lintel.outgoing._destinations import host_of
from lintel.outgoing._errors import OutgoingRefused, OutgoingTimeout, OutgoingTooLarge, OutgoingUnavailable

_log = structlog.get_logger("lintel.outgoing")


def place_of(url: httpx2.URL) -> str:
    """Where a call goes, without path and query: some hosts take their secrets there."""
    return f"{url.scheme}://{host_of(url)}" + (f":{url.port}" if url.port else "")


class Call:
    """One call, from its start to its record.

    Attributes:
        place: Where it went last.
        stream: What was answered, if anything was.
        failed: Why it failed, if it did.
    """

    def __init__(self, purpose: str, method: str, metrics: OutgoingMetrics | None) -> None:
        self.place: str | None = None
        self.stream: OutgoingStream | None = None
        self.failed: OutgoingRefused | OutgoingUnavailable | None = None
        self._purpose = purpose
        self._method = method
        self._metrics = metrics
        self._started = time.perf_counter()

    def end(self) -> None:
        """It is over: write its record, and count it."""
        seconds = time.perf_counter() - self._started
        outcome = self._outcome()
        (_log.info if self.failed is None else _log.warning)(
            "outgoing call",
            purpose=self._purpose,
            method=self._method,
            place=self.place,
            outcome=outcome,
            status=self.stream.status if self.stream else None,
            reason=self.failed.reason if self.failed else None,
            received_bytes=self.stream.received if self.stream else 0,
            duration_ms=round(seconds * 1_000, 3),
        )
        if self._metrics is not None:
            self._metrics.count(self._purpose, outcome, seconds)

    def _outcome(self) -> str:
        match self.failed:
            case OutgoingRefused():
                return "refused"
            case OutgoingTimeout():
                return "timeout"
            case OutgoingTooLarge():
                return "too_large"
            case None if self.stream is not None:
                return f"{self.stream.status // 100}xx"
            case None:
                return "abandoned"
            case OutgoingUnavailable():
                return "unavailable"
