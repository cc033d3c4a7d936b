"""The cookie by which a browser is known again."""

import base64
import hashlib
import hmac
import re
from datetime import timedelta

from starlette.requests import HTTPConnection
from starlette.responses import Response

NAME = "__Host-session"
"""Browsers take a cookie of such a name only with Secure, Path=/ and without Domain: no neighbour can set or see it."""
PURPOSE = b"lintel.security: session cookies, 1"
"""No other use of the same secret has the same key."""
_SESSION = re.compile(r"[A-Za-z0-9_~:-]{8,128}", re.ASCII)


class SessionCookie:
    """Names a session, signed: who learns a session's id from a list or a log cannot make its cookie.

    The cookie says which session it is and nothing more; whether that session lives is for its store to say.

    Args:
        secrets: The first signs; all are accepted, so that a secret can be replaced while sessions live.
        lifetime: How long a browser keeps it; None until it is closed. The session may end before.
    """

    def __init__(self, *secrets: str, lifetime: timedelta | None = None) -> None:
        self._keys = [hmac.digest(secret.encode(), PURPOSE, hashlib.sha256) for secret in secrets]
        self._max_age = None if lifetime is None else int(lifetime.total_seconds())

    def set(self, response: Response, session: str) -> None:
        """Give the cookie to a browser.

        Raises:
            ValueError: The session's id is not 8 to 128 letters, digits, `_`, `~`, `:` or `-`.
        """
        if not _SESSION.fullmatch(session):
            raise ValueError("the id of a session is 8 to 128 letters, digits, _, ~, : or -")
        value = f"{session}.{_signature(self._keys[0], session)}"
        response.set_cookie(NAME, value, max_age=self._max_age, path="/", secure=True, httponly=True, samesite="lax")

    def clear(self, response: Response) -> None:
        """Take it back, with the same attributes: browsers refuse to touch it with others."""
        response.delete_cookie(NAME, path="/", secure=True, httponly=True, samesite="lax")

    def is_sent(self, connection: HTTPConnection) -> bool:
        """Whether a request carries one, be it ours or not."""
        return bool(_values(connection))

    def read(self, connection: HTTPConnection) -> str | None:
        """The session of a request; None without a cookie, with two, or with one that is not ours."""
        values = _values(connection)
        session, _, signature = values[0].rpartition(".") if len(values) == 1 else ("", "", "")
        if not _SESSION.fullmatch(session):
            return None
        given = signature.encode()
        is_ours = any(hmac.compare_digest(_signature(key, session).encode(), given) for key in self._keys)
        return session if is_ours else None


def _values(connection: HTTPConnection) -> list[str]:
    pairs = [pair.partition("=") for line in connection.headers.getlist("cookie") for pair in line.split(";")]
    return [value.strip() for name, _, value in pairs if name.strip() == NAME]


def _signature(key: bytes, session: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, session.encode(), hashlib.sha256)).decode().rstrip("=")
