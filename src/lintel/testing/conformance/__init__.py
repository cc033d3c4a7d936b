"""What every adapter of a port must do: subclass a suite in your tests and give it your adapter."""

from lintel.testing.conformance._cache import CacheConformance
from lintel.testing.conformance._flags import FlagsConformance
from lintel.testing.conformance._mailer import MailerConformance
from lintel.testing.conformance._pubsub import PubSubConformance
from lintel.testing.conformance._rate_limiter import RateLimiterConformance
from lintel.testing.conformance._storage import StorageConformance

__all__ = [
    "CacheConformance",
    "FlagsConformance",
    "MailerConformance",
    "PubSubConformance",
    "RateLimiterConformance",
    "StorageConformance",
]
