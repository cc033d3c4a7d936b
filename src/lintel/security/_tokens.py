"""Short-lived signed tokens (JWT)."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol, OctKey
from uuid_utils import uuid7

from lintel.security._keys import SigningKeys

MAX_LENGTH = 4_096
"""Ours are below 500 characters; nothing longer is worth reading."""

LEEWAY = 60
"""Seconds that the clock of the machine which signed may be ahead of ours. No token lives longer because of it."""

HEADER = frozenset({"alg", "typ", "kid"})
"""What a header may say. Anything else is refused: keys and addresses of keys (`jwk`, `jku`, `x5u`), `crit`."""

MAX_VERIFIED = 10_000
"""Tokens whose signature is not checked again; the one that was verified first makes room."""


class InvalidToken(Exception):
    """A token that is not ours, not for this purpose, or no longer valid. Says nothing more on purpose."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and how long it lives.

    Attributes:
        value: The compact form, for the `Authorization` header.
        expires_in: Seconds until it ends.
    """

    value: str
    expires_in: int


class TokenSigner:
    """Signs and verifies tokens of one kind.

    A token that was found good is remembered by its hash, so that its signature is checked once and not with every
    request; from then on only the clock can end it. Whatever else may end a token (its account, its session) is not
    in the token, and for the caller to look up each time.

    Args:
        keys: The one that signs, and those that verify.
        issuer: `iss`, who we are.
        audience: `aud`, for whom.
        kind: `typ`, so that a token made for one purpose is refused for another.
        lifetime: How long tokens live.
    """

    def __init__(self, keys: SigningKeys, *, issuer: str, audience: str, kind: str, lifetime: timedelta) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._kind = kind
        self._lifetime = lifetime
        self._verified: dict[bytes, Mapping[str, Any]] = {}
        self._claims = jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            exp={"essential": True},
            nbf={"essential": True},
            iat={"essential": True},
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            jti={"essential": True},
        )

    def sign(self, subject: str, claims: Mapping[str, Any] | None = None) -> IssuedToken:
        """A token about `subject`, with further claims if any."""
        now = datetime.now(UTC)
        payload = {
            **(claims or {}),
            "sub": subject,
            "iss": self._issuer,
            "aud": self._audience,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + self._lifetime).timestamp()),
            "jti": str(uuid7()),
        }
        header = {"alg": self._keys.algorithm, "typ": self._kind, "kid": self._keys.current_id}
        value = jwt.encode(header, payload, self._keys.current, algorithms=[self._keys.algorithm])
        return IssuedToken(value, int(self._lifetime.total_seconds()))

    def verify(self, token: str) -> Mapping[str, Any]:
        """The claims of a valid token of this kind.

        Raises:
            InvalidToken: For every other text, whatever is wrong with it.
        """
        if len(token) > MAX_LENGTH:
            raise InvalidToken
        fingerprint = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims = self._verified.get(fingerprint)
        if claims is None:
            claims = self._verify(token)
            self._remember(fingerprint, claims)
        if not claims["nbf"] - LEEWAY <= time.time() < claims["exp"]:
            raise InvalidToken
        return claims

    def _verify(self, token: str) -> Mapping[str, Any]:
        try:
            decoded = jwt.decode(token, self._key_of, algorithms=[self._keys.algorithm])
            self._claims.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, RecursionError):
            # The library meets hostile headers with more kinds of error than its own.
            raise InvalidToken from None
        if decoded.header.get("typ") != self._kind or not isinstance(decoded.claims["sub"], str):
            raise InvalidToken
        return MappingProxyType(decoded.claims)

    def _key_of(self, token: GuestProtocol) -> OctKey | ECKey:
        header = token.headers()
        key = self._keys.find(header.get("kid"))
        if key is None or not HEADER.issuperset(header):
            raise InvalidToken
        return key

    def _remember(self, fingerprint: bytes, claims: Mapping[str, Any]) -> None:
        if len(self._verified) >= MAX_VERIFIED:
            del self._verified[next(iter(self._verified))]
        self._verified[fingerprint] = claims
