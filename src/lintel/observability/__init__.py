"""Logs and health."""

from lintel.observability._health import Check, CheckResult, HealthMonitor
from lintel.observability._logging import configure_logging
from lintel.observability._redis import redis_check

__all__ = ["Check", "CheckResult", "HealthMonitor", "configure_logging", "redis_check"]
