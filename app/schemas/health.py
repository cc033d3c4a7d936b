"""Health as probes and people read it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from lintel.api import ResponseModel


class Health(ResponseModel):
    """Whether the process lives, and what it last knew about what it needs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "healthy",
                    "timestamp": "2026-11-20T10:30:00Z",
                    "version": "1.0.0",
                    "services": {"database": True},
                }
            ]
        }
    )

    status: Annotated[Literal["healthy", "unhealthy"], Field(description="unhealthy when a service is not well.")]
    timestamp: Annotated[datetime, Field(description="When the services were last checked (UTC).")]
    version: Annotated[str, Field(description="Version of the API.")]
    services: Annotated[dict[str, bool], Field(description="What the service needs, and whether it is well.")]


class HealthCheck(ResponseModel):
    """What one check found."""

    status: Annotated[Literal["healthy", "unhealthy"], Field(description="Whether it answered in time.")]
    latency_ms: Annotated[float, Field(description="How long it took.")]
    reason: Annotated[str | None, Field(description="`timeout` or `error`; null when healthy.")]


class DetailedHealth(Health):
    """Health with what each check found just now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "unhealthy",
                    "timestamp": "2026-11-20T10:30:00Z",
                    "version": "1.0.0",
                    "services": {"database": False},
                    "checks": {"database": {"status": "unhealthy", "latency_ms": 2000.412, "reason": "timeout"}},
                }
            ]
        }
    )

    checks: Annotated[dict[str, HealthCheck], Field(description="Each check.")]
