"""What tests of tokens share: signers, and tokens that somebody else might make."""

import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from lintel.security import SigningKeys, TokenSigner

KEY = "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA"
MINUTE = timedelta(minutes=1)


def make(*secrets: str, lifetime: timedelta = MINUTE, keys: SigningKeys | None = None, **values: str) -> TokenSigner:
    options = {"issuer": "lintel", "audience": "api", "kind": "at+jwt"}
    return TokenSigner(keys or SigningKeys.of_secrets(secrets or (KEY,)), lifetime=lifetime, **{**options, **values})


def private_key() -> str:
    return ECKey.generate_key("P-256").as_pem(private=True).decode()


EC_KEYS = SigningKeys.of_private_key(private_key())


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def forge(*, without: str = "", header: dict[str, Any] | None = None, key: str = KEY, **claims: Any) -> str:
    """A token signed with the right key, whatever it says."""
    now = int(time.time())
    payload = {"sub": "7", "iss": "lintel", "aud": "api", "iat": now, "nbf": now, "exp": now + 60, "jti": "x"}
    payload |= claims
    payload.pop(without, None)
    whole_header = {"alg": "HS256", "typ": "at+jwt", **(header or {})}
    return jwt.encode(whole_header, payload, OctKey.import_key(key), algorithms=["HS256", "HS512"], default_type=None)


def signed_by_hand(header: Any, payload: bytes | None = None) -> str:
    body = decoded(forge().split(".")[1]) if payload is None else payload
    text = f"{encoded(header)}.{encoded(body)}"
    return f"{text}.{encoded(hmac.digest(KEY.encode(), text.encode(), 'sha256'))}"
