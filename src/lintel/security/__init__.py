"""Passwords, tokens and principals."""

from lintel.security._passwords import PasswordHasher
from lintel.security._principal import Principal
from lintel.security._tokens import InvalidToken, IssuedToken, TokenSigner

__all__ = ["InvalidToken", "IssuedToken", "PasswordHasher", "Principal", "TokenSigner"]
