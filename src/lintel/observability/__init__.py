"""Logs, health and metrics."""

from lintel.observability._cache import CacheMetrics
from lintel.observability._exposition import (
    METRICS_PATH,
    check_metrics_port,
    metrics_port,
    metrics_router,
    metrics_served,
)
from lintel.observability._health import Check, CheckResult, HealthMonitor
from lintel.observability._logging import configure_logging
from lintel.observability._metrics import EndpointMetrics, HttpMetrics, Metrics, WebSocketMetrics
from lintel.observability._outgoing import OutgoingMetrics
from lintel.observability._rate_limits import RateLimitMetrics
from lintel.observability._redis import redis_check
from lintel.observability._workers import forget_worker, shared_text

__all__ = [
    "METRICS_PATH",
    "CacheMetrics",
    "Check",
    "CheckResult",
    "EndpointMetrics",
    "HealthMonitor",
    "HttpMetrics",
    "Metrics",
    "OutgoingMetrics",
    "RateLimitMetrics",
    "WebSocketMetrics",
    "check_metrics_port",
    "configure_logging",
    "forget_worker",
    "metrics_port",
    "metrics_router",
    "metrics_served",
    "redis_check",
    "shared_text",
]
