"""Pure ASGI layers, one concern each, and their order."""

from lintel.middleware._access_log import AccessLogMiddleware
from lintel.middleware._body_timeout import BodyTimeoutMiddleware
from lintel.middleware._compression import CompressionMiddleware
from lintel.middleware._cors import CORSMiddleware
from lintel.middleware._error_boundary import ErrorBoundaryMiddleware
from lintel.middleware._head import HeadMiddleware
from lintel.middleware._metrics import MetricsMiddleware
from lintel.middleware._plain_errors import PlainErrorsMiddleware
from lintel.middleware._rate_limit import RateLimitMiddleware
from lintel.middleware._request_body import RequestBodyMiddleware
from lintel.middleware._request_context import RequestContextMiddleware
from lintel.middleware._security_headers import SecurityHeadersMiddleware
from lintel.middleware._stack import wrap_in_middleware
from lintel.middleware._strict_http import StrictHttpMiddleware
from lintel.middleware._trailing_slash import TrailingSlashMiddleware
from lintel.middleware._trusted_host import TrustedHostMiddleware
from lintel.middleware._websocket import WebSocketMiddleware

__all__ = [
    "AccessLogMiddleware",
    "BodyTimeoutMiddleware",
    "CORSMiddleware",
    "CompressionMiddleware",
    "ErrorBoundaryMiddleware",
    "HeadMiddleware",
    "MetricsMiddleware",
    "PlainErrorsMiddleware",
    "RateLimitMiddleware",
    "RequestBodyMiddleware",
    "RequestContextMiddleware",
    "SecurityHeadersMiddleware",
    "StrictHttpMiddleware",
    "TrailingSlashMiddleware",
    "TrustedHostMiddleware",
    "WebSocketMiddleware",
    "wrap_in_middleware",
]
