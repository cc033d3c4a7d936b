"""Whether the service and what it needs are well."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

_log = structlog.get_logger("lintel.health")

Check = Callable[[], Awaitable[None]]
"""Returns when a dependency answers, raises when it does not."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found.

    Attributes:
        healthy: Whether the dependency answered in time.
        latency_ms: How long it took.
        reason: Why not, in words that reveal nothing: `timeout` or `error`; None when healthy.
    """

    healthy: bool
    latency_ms: float
    reason: str | None = None


class HealthMonitor:
    """Runs the checks side by side, each with a deadline, and remembers what they found.

    Args:
        checks: What the service needs, by name.
        timeout: Seconds a check may take.
        interval: Seconds between checks made on their own account while `watching`.
    """

    def __init__(self, checks: Mapping[str, Check], *, timeout: float = 2.0, interval: float = 10.0) -> None:
        self._checks = dict(checks)
        self._timeout = timeout
        self._interval = interval
        self._results: dict[str, CheckResult] = {}
        self._running: asyncio.Task[dict[str, CheckResult]] | None = None
        self._checked_at = datetime.now(UTC)
        self.draining = False
        """Set when the process was told to stop: no longer ready, still alive."""

    @property
    def services(self) -> dict[str, bool]:
        """What the last checks found, without waiting; a dependency never checked yet counts as well."""
        return {name: self._results[name].healthy if name in self._results else True for name in self._checks}

    @property
    def checked_at(self) -> datetime:
        """When the last checks ended."""
        return self._checked_at

    async def check(self) -> dict[str, CheckResult]:
        """Run all checks now. Callers at the same moment share one run, so that probes cannot pile up."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await asyncio.shield(self._running)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Keep checking in the background, so that liveness can answer at once."""
        self.draining = False
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            self.draining = True
            task.cancel()
            # A check under way holds a connection; it ends by itself within its deadline.
            await asyncio.wait([task, self._running] if self._running else [task])

    async def _watch(self) -> None:
        while True:
            await self.check()
            await asyncio.sleep(self._interval)

    async def _run(self) -> dict[str, CheckResult]:
        results = await asyncio.gather(*(self._one(name, check) for name, check in self._checks.items()))
        self._results = dict(zip(self._checks, results, strict=True))
        self._checked_at = datetime.now(UTC)
        return self._results

    async def _one(self, name: str, check: Check) -> CheckResult:
        started = time.perf_counter()
        reason = None
        try:
            async with asyncio.timeout(self._timeout):
                await check()
        except TimeoutError:
            reason = "timeout"
        except Exception as error:  # noqa: BLE001 - whatever a driver raises means the same here
            reason = "error"
            _log.warning("check failed", check=name, error=type(error).__name__)
        return CheckResult(reason is None, round((time.perf_counter() - started) * 1_000, 3), reason)
