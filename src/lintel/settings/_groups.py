"""The library's groups. A service inherits those it needs, and adds groups of its own."""

from typing import Annotated, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from lintel.settings._base import BaseGroup, Environment, deployed
from lintel.settings._cache import CacheSettings
from lintel.settings._flags import FlagSettings
from lintel.settings._jobs import JobsSettings
from lintel.settings._mail import MailSettings
from lintel.settings._outgoing import OutgoingSettings
from lintel.settings._realtime import RealtimeSettings
from lintel.settings._redis import RedisSettings
from lintel.settings._security import SecuritySettings
from lintel.settings._sessions import SessionSettings
from lintel.settings._sharing import in_words, kept_apart
from lintel.settings._storage import StorageSettings
from lintel.settings._types import BlankIsUnset, StringList

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
EVERYBODY = frozenset({"*", "0.0.0.0/0", "::/0"})


class ServiceSettings(BaseGroup):
    """What the service calls itself and how it shows itself."""

    app_name: str = Field(
        default="FastAPI Application",
        validation_alias=AliasChoices("APP_NAME", "API_TITLE"),
        description="Title of the API.",
    )
    app_version: str = Field(
        default="1.0.0",
        validation_alias=AliasChoices("APP_VERSION", "API_VERSION"),
        description="Version of the API, shown in its documentation and by /health.",
    )
    app_description: str = Field(
        default="",
        validation_alias=AliasChoices("APP_DESCRIPTION", "API_DESCRIPTION"),
        description="Text at the head of the API documentation (Markdown).",
    )
    api_v1_prefix: str = Field(
        default="/api/v1", pattern=r"^(/[A-Za-z0-9._-]+)+$", description="Path under which version 1 answers."
    )
    docs: Annotated[bool | None, BlankIsUnset] = Field(
        default=None, description="Serve /docs, /redoc and /openapi.json. Unset: yes, except in production."
    )

    @property
    def docs_enabled(self) -> bool:
        """Whether the three documentation addresses answer."""
        return not self.environment.is_deployed if self.docs is None else self.docs

    @field_validator("docs")
    @classmethod
    def _no_open_docs_in_production(cls, value: bool | None, info: ValidationInfo) -> bool | None:  # noqa: FBT001
        if value and deployed(info):
            raise ValueError("the documentation must not be in the open in production: leave it unset")
        return value


class ServerSettings(BaseGroup):
    """How the server process listens and stops."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; 0.0.0.0 for all.")
    port: int = Field(
        default=8000, ge=0, le=65535, validate_default=True, description="Port to listen on; 0 takes a free one."
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=256,
        validation_alias=AliasChoices("WORKERS", "WEB_CONCURRENCY"),
        description="Number of server processes.",
    )
    shutdown_drain_seconds: float = Field(
        default=0,
        ge=0,
        le=300,
        description="How long /ready says 503 before the port is closed: a little longer than the interval of your "
        "load balancer's probes.",
    )
    shutdown_grace_seconds: int = Field(
        default=20, ge=1, le=3600, description="How long requests in flight may take to finish at shutdown."
    )
    forwarded_allow_ips: StringList = Field(
        default=(), description="Addresses or networks of proxies whose X-Forwarded-* headers are believed."
    )

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _no_forwarding_by_anyone(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if EVERYBODY & set(value) and deployed(info):
            raise ValueError("must name the proxies: otherwise anybody can forge a client address")
        return value


class HttpSettings(BaseGroup):
    """What is accepted from outside, and which headers answers carry."""

    allowed_hosts: StringList = Field(
        default=(),
        description="Host names that are answered; *.example.com for subdomains. Unset: this machine's own, "
        "and required in production.",
    )
    cors_origins: StringList = Field(
        default=(), description="Origins of browser applications that may call the API. Empty: none."
    )
    cors_credentials: bool = Field(
        default=True,
        validation_alias=AliasChoices("CORS_CREDENTIALS", "CORS_ALLOW_CREDENTIALS"),
        description="Whether those origins may send cookies and Authorization.",
    )
    cors_methods: StringList = Field(
        default=("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        description="Methods allowed across origins.",
    )
    cors_headers: StringList = Field(
        default=(
            "Authorization",
            "Content-Type",
            "X-Requested-With",
            "Accept",
            "X-Request-ID",
            "Idempotency-Key",
            "If-Match",
            "If-None-Match",
            "X-API-Key",
        ),
        description="Request headers allowed across origins.",
    )
    cors_expose_headers: StringList = Field(
        default=(
            "X-Request-ID",
            "X-Total-Count",
            "X-Page-Count",
            "Link",
            "Location",
            "Retry-After",
            "ETag",
            "Content-Disposition",
            "Idempotency-Replayed",
            "Deprecation",
            "Sunset",
            "RateLimit",
            "RateLimit-Policy",
            "X-RateLimit-Limit",
            "X-RateLimit-Remaining",
            "X-RateLimit-Reset",
        ),
        description="Response headers that browser applications may read.",
    )
    cors_max_age: int = Field(default=3600, ge=0, le=86_400, description="Seconds a preflight answer is kept.")
    max_request_bytes: int = Field(
        default=1_048_576, ge=1_024, description="Largest request body in bytes; a larger one is 413."
    )
    request_body_timeout: float = Field(
        default=20.0,
        gt=0,
        le=3_600,
        description="Seconds a request body may take, and one more for each 16 KiB received; a later one is 408.",
    )
    max_url_bytes: int = Field(
        default=8_192, ge=1_024, le=65_536, description="Longest path and query in bytes; a longer one is 414."
    )
    max_header_bytes: int = Field(
        default=32_768,
        ge=1_024,
        le=1_048_576,
        description="Most bytes in all headers, of which there may be 100; more are 431.",
    )
    gzip_minimum_size: int = Field(default=1_000, ge=1, description="Smallest answer in bytes that is compressed.")
    hsts_seconds: int = Field(
        default=31_536_000,
        ge=0,
        description="Strict-Transport-Security max-age, sent over https only; 0 for none.",
    )

    @property
    def trusted_hosts(self) -> tuple[str, ...]:
        """The host names to answer, with the local ones where none were set."""
        return self.allowed_hosts or LOCAL_HOSTS

    @field_validator("allowed_hosts")
    @classmethod
    def _named_hosts_in_production(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if deployed(info) and not value:
            raise ValueError("is required in production: the host names under which the service is reached")
        if deployed(info) and "*" in value:
            raise ValueError("must not be * in production: name the hosts, *.example.com for subdomains")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _named_origins_in_production(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if {"*", "null"} & set(value) and deployed(info):
            raise ValueError("must not be * or null in production: name the origins")
        return value

    @field_validator("cors_credentials")
    @classmethod
    def _no_credentials_for_everyone(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001
        # The middleware would echo any origin back, so any site could act as the visitor.
        return value and "*" not in info.data.get("cors_origins", ())


class DatabaseSettings(BaseGroup):
    """Which database, and how connections to it are kept."""

    database_url: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None,
        description="postgresql://… or sqlite:///… . Unset: an SQLite file in DATA_DIR.",
    )
    database_reader_url: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None,
        description="A replica for reads that may be a moment behind; who is let in is asked of DATABASE_URL. "
        "Unset: DATABASE_URL.",
    )
    database_pool_size: int = Field(default=10, ge=1, le=1_000, description="Connections kept open.")
    database_max_overflow: int = Field(default=20, ge=0, le=1_000, description="Connections beyond the pool.")
    database_pool_timeout: float = Field(
        default=5.0, gt=0, le=300, description="Seconds to wait for a connection before answering 503."
    )
    database_pool_recycle: int = Field(default=1_800, ge=-1, description="Seconds after which a connection is renewed.")
    database_connect_timeout: float = Field(default=5.0, gt=0, le=300, description="Seconds to open a connection.")
    database_statement_timeout: float = Field(default=10.0, gt=0, le=3_600, description="Seconds a statement may take.")

    @field_validator("database_url", "database_reader_url")
    @classmethod
    def _readable_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        try:
            url = make_url(value.get_secret_value())
        except (ArgumentError, ValueError):
            # Not from the original: its text holds the URL, which holds a password.
            raise ValueError("is no database URL") from None
        backend = url.get_backend_name()
        if backend not in {"sqlite", "postgresql"}:
            raise ValueError("must begin with postgresql:// or sqlite:///")
        if backend == "sqlite" and (not url.database or url.database.startswith((":", "file:"))):
            # In memory, each connection would have a database of its own.
            raise ValueError("must name a file: sqlite:////folder/lintel.db")
        return value


class RateLimitSettings(BaseGroup):
    """How often one caller may ask."""

    rate_limit_per_minute: int = Field(
        default=100,
        ge=0,
        le=1_000_000_000,
        validation_alias=AliasChoices("RATE_LIMIT_PER_MINUTE", "RATE_LIMIT_REQUESTS"),
        description="Requests a minute of one caller: a user, or an address where nobody is signed in. 0: no limit. "
        "Counted in Redis where there is a REDIS_URL, else in the one server process.",
    )


class IdempotencySettings(BaseGroup):
    """Requests that may be sent again."""

    idempotency_ttl_hours: int = Field(
        default=24, ge=1, le=8_760, description="How long the answer to a request with an Idempotency-Key is kept."
    )


class LoggingSettings(BaseGroup):
    """What is logged and in which form."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        default="INFO", description="Least important level that is written."
    )
    log_format: Annotated[str | None, BlankIsUnset] = Field(
        default=None,
        description="json: one object a line; anything else: plain text. Unset: json, but text in development.",
    )

    @property
    def log_as_json(self) -> bool:
        """Whether records are written for machines."""
        if self.log_format is None:
            return self.environment is not Environment.DEVELOPMENT
        return self.log_format.lower() == "json"

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


class MetricsSettings(BaseGroup):
    """Where the numbers for Prometheus can be read."""

    metrics: Literal["off", "admin", "open"] = Field(
        default="admin",
        description="Who may read /metrics: nobody (off), administrators (admin), everybody (open; not in production).",
    )
    metrics_port: Annotated[int | None, BlankIsUnset] = Field(
        default=None,
        ge=0,
        le=65535,
        description="A port of its own, where everybody who reaches it may read /metrics. Unset: none.",
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address that METRICS_PORT listens on.")

    @property
    def metrics_counted(self) -> bool:
        """Whether anybody can read them."""
        return self.metrics != "off" or self.metrics_port is not None

    @field_validator("metrics")
    @classmethod
    def _no_open_metrics_in_production(cls, value: str, info: ValidationInfo) -> str:
        if value == "open" and deployed(info):
            raise ValueError("must not be open in production: use admin, or set METRICS_PORT")
        return value


class LintelSettings(
    ServiceSettings,
    ServerSettings,
    HttpSettings,
    DatabaseSettings,
    RedisSettings,
    RateLimitSettings,
    IdempotencySettings,
    CacheSettings,
    FlagSettings,
    SecuritySettings,
    SessionSettings,
    LoggingSettings,
    MetricsSettings,
    StorageSettings,
    RealtimeSettings,
    MailSettings,
    OutgoingSettings,
    JobsSettings,
):
    """Every group of the library, for a service that uses all of it."""

    @field_validator("port")
    @classmethod
    def _a_port_of_its_own(cls, value: int, info: ValidationInfo) -> int:
        # Whatever the hosts: two addresses that differ in writing may still meet.
        if value and value == info.data.get("metrics_port"):
            raise ValueError("must be another port than METRICS_PORT")
        return value

    @field_validator("workers")
    @classmethod
    def _shared_adapters_for_several(cls, value: int, info: ValidationInfo) -> int:
        apart = kept_apart(info.data) if value > 1 else []
        if apart:
            raise ValueError(f"must be 1 without a REDIS_URL: each process would have {in_words(apart)} of its own")
        return value
