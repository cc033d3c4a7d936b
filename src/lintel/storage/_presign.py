"""Addresses that S3 accepts without credentials (AWS Signature Version 4, in the query).

obstore signs too, but has no place for `response-content-disposition` and `response-content-type`.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from pydantic import SecretStr

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs.

    Attributes:
        access_key_id: Name of the key.
        secret_access_key: The key.
        session_token: Of temporary credentials.
    """

    access_key_id: str
    secret_access_key: SecretStr
    session_token: SecretStr | None = None


def presigned_get(
    address: str,
    *,
    credentials: Credentials,
    region: str,
    seconds: int,
    now: datetime,
    overrides: Mapping[str, str],
) -> str:
    """An address at which GET is answered for so many seconds.

    Args:
        address: Of the object, without a query; its path is percent-encoded where it must be.
        credentials: Who signs.
        region: Of the bucket.
        seconds: How long it is valid.
        now: When it begins (UTC).
        overrides: Headers of the answer, as `response-content-type`.
    """
    stamp, scope = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}/{region}/s3/aws4_request"
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key_id}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
        **overrides,
    }
    if credentials.session_token is not None:
        parameters["X-Amz-Security-Token"] = credentials.session_token.get_secret_value()
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(parameters.items()))
    parts = urlsplit(address)
    request = f"GET\n{parts.path}\n{query}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    signed = f"{ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_access_key.get_secret_value(), scope)
    return f"{address}?{query}&X-Amz-Signature={_mac(key, signed).hex()}"


def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
