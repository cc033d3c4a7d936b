"""What a service's own tests need: servers, databases, and requests that no client would send."""

from lintel.testing._asgi import AsgiResponse, NoResponseError, asgi_request
from lintel.testing._databases import create_database, drop_database, temporary_database
from lintel.testing._process import ServerUnavailable
from lintel.testing._rabbitmq import rabbitmq_server
from lintel.testing._s3 import s3_request, s3_server
from lintel.testing._servers import (
    PostgresServer,
    RedisServer,
    RunningServer,
    postgres_server,
    redis_server,
)
from lintel.testing._services import own_server, postgres_url, rabbitmq_url, redis_url, s3_url

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
    "own_server",
    "postgres_server",
    "postgres_url",
    "rabbitmq_server",
    "rabbitmq_url",
    "redis_server",
    "redis_url",
    "s3_request",
    "s3_server",
    "s3_url",
    "temporary_database",
]
