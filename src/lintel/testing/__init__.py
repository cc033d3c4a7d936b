"""What a service's own tests need: servers, databases, and requests that no client would send."""

from lintel.testing._asgi import AsgiResponse, NoResponseError, asgi_request
from lintel.testing._databases import create_database, drop_database, temporary_database
from lintel.testing._process import ServerUnavailable
from lintel.testing._servers import (
    PostgresServer,
    RedisServer,
    RunningServer,
    postgres_server,
    redis_server,
)
from lintel.testing._services import postgres_url, redis_url

__all__ = [
    "AsgiResponse",
    "NoResponseError",
    "PostgresServer",
    "RedisServer",
    "RunningServer",
    "ServerUnavailable",
    "asgi_request",
    "create_database",
    "drop_database",
    "postgres_server",
    "postgres_url",
    "redis_server",
    "redis_url",
    "temporary_database",
]
