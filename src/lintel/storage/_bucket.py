"""Which bucket, on which server."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from lintel.storage._keys import InvalidKey, prefix_parts
from lintel.storage._presign import Credentials

if TYPE_CHECKING:
    from obstore.store import S3Store

PARAMETERS = frozenset({"endpoint", "region", "public_endpoint"})
DEFAULT_REGION = "us-east-1"
RETRIES = 2
CONNECT_SECONDS = 3.0
LONGEST_TRANSFER = timedelta(hours=24)
"""Of one answer, which is read at the pace of somebody's browser; that it goes on at all is watched apart."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, and the part of it that is ours.

    Attributes:
        name: Of the bucket.
        prefix: What all names in it begin with; empty for none.
        region: Where it is.
        endpoint: Of another server than Amazon's, whose buckets are then folders of its address.
        public_endpoint: Of the same server, as those reach it who follow signed URLs.
    """

    name: str
    prefix: str = ""
    region: str = DEFAULT_REGION
    endpoint: str | None = None
    public_endpoint: str | None = None

    @classmethod
    def of(cls, url: str) -> Self:
        """The bucket that `s3://name/prefix?region=…&endpoint=…&public_endpoint=…` means.

        Raises:
            ValueError: It means none. The text repeats nothing of it.
        """
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        if parts.username is not None or parts.password is not None or parts.port is not None or parts.fragment:
            raise ValueError("must be s3://bucket/prefix?endpoint=…&region=…; credentials have settings of their own")
        if not parts.hostname or not PARAMETERS.issuperset(query) or any(len(values) > 1 for values in query.values()):
            raise ValueError(f"must be s3://bucket/prefix, with no other parameters than {', '.join(PARAMETERS)}")
        values = {name: values[0] for name, values in query.items()}
        for name in ("endpoint", "public_endpoint"):
            if name in values:
                values[name] = _checked(values[name])
        return cls(name=parts.hostname, prefix=_prefix(parts.path), **values)

    def address(self, key: str) -> str:
        """Of an object, for whoever follows signed URLs. Neither names nor keys have anything to escape."""
        path = f"{self.prefix}/{key}" if self.prefix else key
        server = self.public_endpoint or self.endpoint
        if server is not None:
            return f"{server}/{self.name}/{path}"
        return f"https://{self.name}.s3.{self.region}.amazonaws.com/{path}"

    def store(self, credentials: Credentials | None, *, timeout: float) -> "S3Store":
        """A client of the bucket.

        Raises:
            ImportError: The extra `storage` is not installed.
        """
        from obstore.store import S3Store  # noqa: PLC0415 - an optional extra

        options: dict[str, Any] = {"region": self.region, "virtual_hosted_style_request": self.endpoint is None}
        if self.endpoint is not None:
            options["endpoint"] = self.endpoint
        if credentials is not None:
            options["access_key_id"] = credentials.access_key_id
            options["secret_access_key"] = credentials.secret_access_key.get_secret_value()
            if credentials.session_token is not None:
                options["session_token"] = credentials.session_token.get_secret_value()
        return S3Store(
            self.name,
            prefix=self.prefix or None,
            copy_if_not_exists="multipart",
            client_options={
                "allow_http": (self.endpoint or "").startswith("http://"),
                "connect_timeout": timedelta(seconds=min(CONNECT_SECONDS, timeout)),
                "read_timeout": timedelta(seconds=timeout),
                "timeout": LONGEST_TRANSFER,
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=timeout)},
            **options,
        )


def _prefix(path: str) -> str:
    try:
        return "/".join(prefix_parts(path.strip("/")))
    except InvalidKey:
        raise ValueError("has a prefix that is none: letters, digits, '.', '_' and '-', between slashes") from None


def _checked(endpoint: str) -> str:
    parts = urlsplit(endpoint)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.username is not None:
        raise ValueError("has an endpoint that is none: https://host:port")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("has an endpoint without TLS: http:// is for this machine's own addresses only")
    return endpoint.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
