"""All layers in their one order."""

from starlette.types import ASGIApp

from lintel.middleware._access_log import AccessLogMiddleware
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
from lintel.middleware._strict_http import StrictHttpMiddleware
from lintel.middleware._trailing_slash import TrailingSlashMiddleware
from lintel.middleware._trusted_host import TrustedHostMiddleware
from lintel.middleware._websocket import WebSocketMiddleware
from lintel.observability import Metrics, RateLimitMetrics
from lintel.ratelimit import CostTable, RateLimit
from lintel.settings import HttpSettings

GZIP_LEVEL = 5
"""Half the CPU of the default 9, for one or two percent more bytes of JSON."""


def wrap_in_middleware(
    app: ASGIApp,
    settings: HttpSettings,
    *,
    rate_limit: RateLimit | None = None,
    costs: CostTable | None = None,
    metrics: Metrics | None = None,
) -> ASGIApp:
    """Put the layers around an application, FastAPI's own error handling included.

    Read upwards, this is the way of a request. What stands further out also covers the answers of what stands
    within: a 500 and a 413 carry the request id, the security headers and CORS.
    """
    app = RequestBodyMiddleware(app, max_bytes=settings.max_request_bytes, seconds=settings.request_body_timeout)
    app = TrailingSlashMiddleware(app)
    app = CompressionMiddleware(app, minimum_size=settings.gzip_minimum_size, compresslevel=GZIP_LEVEL)
    if rate_limit is not None:
        app = RateLimitMiddleware(
            app, rate_limit, table=costs, metrics=None if metrics is None else RateLimitMetrics(metrics.registry)
        )
    app = HeadMiddleware(app)
    app = ErrorBoundaryMiddleware(app)
    app = _cors(app, settings)
    app = PlainErrorsMiddleware(app)
    app = TrustedHostMiddleware(app, allowed_hosts=settings.trusted_hosts)
    app = StrictHttpMiddleware(app, max_url_bytes=settings.max_url_bytes, max_header_bytes=settings.max_header_bytes)
    app = SecurityHeadersMiddleware(app, hsts_seconds=settings.hsts_seconds)
    if metrics is not None:
        app = MetricsMiddleware(app, metrics.http)
    app = WebSocketMiddleware(app, None if metrics is None else metrics.websockets)
    app = AccessLogMiddleware(app)
    return RequestContextMiddleware(app)


def _cors(app: ASGIApp, settings: HttpSettings) -> ASGIApp:
    if not settings.cors_origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=settings.cors_origins,
        allow_credentials=settings.cors_credentials,
        allow_methods=settings.cors_methods,
        allow_headers=settings.cors_headers,
        expose_headers=settings.cors_expose_headers,
        max_age=settings.cors_max_age,
    )
