"""What every adapter of a port must do: subclass a suite in your tests and give it your adapter."""

from lintel.testing.conformance._rate_limiter import RateLimiterConformance

__all__ = ["RateLimiterConformance"]
