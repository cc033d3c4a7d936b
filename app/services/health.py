"""How the service is doing."""

from typing import Literal

from app.schemas.health import DetailedHealth, Health, HealthCheck
from lintel.errors import Unavailable
from lintel.observability import CheckResult, HealthMonitor

Word = Literal["healthy", "unhealthy"]


class HealthService:
    """Puts what the monitor knows into words."""

    def __init__(self, monitor: HealthMonitor, version: str) -> None:
        self._monitor = monitor
        self._version = version

    def last(self) -> Health:
        """What was last known, without waiting for anything."""
        services = self._monitor.services
        return Health(
            status=_word(healthy=all(services.values())),
            timestamp=self._monitor.checked_at,
            version=self._version,
            services=services,
        )

    async def ready(self) -> Health:
        """What is true now.

        Raises:
            Unavailable: Something the service needs is not well, or the process is about to stop.
        """
        if self._monitor.draining:
            raise Unavailable("The service is shutting down.")
        results = await self._monitor.check()
        failing = sorted(name for name, result in results.items() if not result.healthy)
        if failing:
            raise Unavailable(f"Not ready: {', '.join(failing)}.")
        return self.last()

    async def detailed(self) -> DetailedHealth:
        """What is true now, check by check."""
        results = await self._monitor.check()
        return DetailedHealth(
            **self.last().model_dump(), checks={name: _check(result) for name, result in results.items()}
        )


def _check(result: CheckResult) -> HealthCheck:
    return HealthCheck(status=_word(healthy=result.healthy), latency_ms=result.latency_ms, reason=result.reason)


def _word(*, healthy: bool) -> Word:
    return "healthy" if healthy else "unhealthy"
