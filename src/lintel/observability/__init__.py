"""Logs, health and metrics."""

from lintel.observability._exposition import (
    METRICS_PATH,
    check_metrics_port,
    metrics_port,
    metrics_router,
    metrics_served,
)
from lintel.observability._health import Check, CheckResult, HealthMonitor
from lintel.observability._logging import configure_logging
from lintel.observability._metrics import HttpMetrics, Metrics
from lintel.observability._redis import redis_check
from lintel.observability._workers import forget_worker, shared_text

__all__ = [
    "METRICS_PATH",
    "Check",
    "CheckResult",
    "HealthMonitor",
    "HttpMetrics",
    "Metrics",
    "check_metrics_port",
    "configure_logging",
    "forget_worker",
    "metrics_port",
    "metrics_router",
    "metrics_served",
    "redis_check",
    "shared_text",
]
