"""Tokens that are good once: who is given one can show it, and whoever reads what is stored cannot."""

import hashlib
import secrets
from typing import Final

BYTES: Final = 32


def new_one_time_token() -> str:
    """A token nobody guesses: 256 random bits, 43 characters that need no escaping in an address."""
    return secrets.token_urlsafe(BYTES)


def one_time_hash(token: str) -> str:
    """What to store in its place, and to look for: 64 characters. Never fails, whatever the text."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
