"""Tokens that are exchanged for the next one, each of them once."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from lintel.security._tokens import InvalidToken

PURPOSE: Final = b"lintel.refresh"
"""Other things are sealed with the same secret keys."""
SALT_BYTES: Final = 16
ID_BYTES: Final = 16
NUMBER_BYTES: Final = 4
SEAL_BYTES: Final = 32
MAX_LENGTH: Final = 200
"""Ours have 70 characters; nothing longer is worth reading."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What a refresh token says. Believe it only after `RefreshTokens.is_genuine`.

    Attributes:
        session_id: Of which session it is.
        number: The how-manieth it is there, from 0.
        seal: Shows that we made it.
    """

    session_id: UUID
    number: int
    seal: bytes


class RefreshTokens:
    """Makes and reads the refresh tokens of sessions.

    A token names its session and its number there, sealed with a secret key and the session's own salt. So nothing
    that opens anything is stored, the same successor can be made twice, and an earlier token is known for what it is
    however many came after it, while nobody can make one up to have a session ended.

    Args:
        keys: Secrets; the first one seals, all of them are accepted.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def make(self, session_id: UUID, number: int, salt: bytes) -> str:
        """The token of this number; always the same text."""
        stated = session_id.bytes + number.to_bytes(NUMBER_BYTES)
        return _text(stated + _seal(self._keys[0], salt, stated))

    def read(self, text: str) -> RefreshToken:
        """What a text says.

        Raises:
            InvalidToken: It does not have the form of a refresh token.
        """
        if len(text) > MAX_LENGTH:
            raise InvalidToken
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise InvalidToken from None
        # The last character has bits to spare: one token, one way to write it.
        if len(data) != ID_BYTES + NUMBER_BYTES + SEAL_BYTES or _text(data) != text:
            raise InvalidToken
        number = int.from_bytes(data[ID_BYTES : ID_BYTES + NUMBER_BYTES])
        return RefreshToken(UUID(bytes=data[:ID_BYTES]), number, data[ID_BYTES + NUMBER_BYTES :])

    def is_genuine(self, token: RefreshToken, salt: bytes) -> bool:
        """Whether we made it, for the session with this salt."""
        stated = token.session_id.bytes + token.number.to_bytes(NUMBER_BYTES)
        return any(hmac.compare_digest(_seal(key, salt, stated), token.seal) for key in self._keys)


def new_salt() -> bytes:
    """A salt for a new session."""
    return secrets.token_bytes(SALT_BYTES)


def _seal(key: bytes, salt: bytes, stated: bytes) -> bytes:
    return hmac.digest(key, b"\0".join((PURPOSE, salt, stated)), hashlib.sha256)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
