"""Tokens in forms that tell our pages from others'."""

import base64
import binascii
import hashlib
import hmac
import secrets as random

FIELD = "csrf_token"
HEADER = "X-CSRF-Token"
PURPOSE = b"lintel.security: tokens in forms, 1"
"""No other use of the same secret has the same key."""
LENGTH = hashlib.sha256().digest_size


class FormTokens:
    """Makes and knows tokens that are good for one session.

    Each looks different: in a compressed page, one that is always the same can be guessed byte by byte from the page's
    size (BREACH).

    Args:
        secrets: The first makes them; all are accepted.
    """

    def __init__(self, *secrets: str) -> None:
        self._keys = [hmac.digest(secret.encode(), PURPOSE, hashlib.sha256) for secret in secrets]

    def make(self, session: str) -> str:
        """A token for the forms of a session."""
        mask = random.token_bytes(LENGTH)
        return base64.urlsafe_b64encode(mask + _mixed(mask, _proof(self._keys[0], session))).decode()

    def field(self, session: str) -> str:
        """The same as a hidden field, in HTML."""
        return f'<input type="hidden" name="{FIELD}" value="{self.make(session)}">'

    def is_good(self, token: str, session: str) -> bool:
        """Whether a token was made for this session."""
        try:
            both = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return False
        given = _mixed(both[:LENGTH], both[LENGTH:]) if len(both) == 2 * LENGTH else b""
        return any(hmac.compare_digest(_proof(key, session), given) for key in self._keys)


def _proof(key: bytes, session: str) -> bytes:
    return hmac.digest(key, session.encode(), hashlib.sha256)


def _mixed(mask: bytes, value: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, value, strict=True))
