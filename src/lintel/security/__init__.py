"""Passwords, tokens, principals, cookies, and what lets them in."""

from lintel.security._access import Access
from lintel.security._api_keys import ApiKeyParts, ApiKeys
from lintel.security._cookie_sessions import BrowserSession, CookieSessions, CrossSiteMiddleware, SessionStore
from lintel.security._form_tokens import FormTokens
from lintel.security._keys import SigningKeys, signing_keys_of
from lintel.security._one_time import new_one_time_token, one_time_hash
from lintel.security._pages import CrossSiteRefused, check_page
from lintel.security._passwords import PasswordHasher, PasswordScheme
from lintel.security._principal import Principal
from lintel.security._refresh import RefreshToken, RefreshTokens, new_salt
from lintel.security._session_cookie import SessionCookie
from lintel.security._tokens import InvalidToken, IssuedToken, TokenSigner
from lintel.sender import Client

__all__ = [
    "Access",
    "ApiKeyParts",
    "ApiKeys",
    "BrowserSession",
    "Client",
    "CookieSessions",
    "CrossSiteMiddleware",
    "CrossSiteRefused",
    "FormTokens",
    "InvalidToken",
    "IssuedToken",
    "PasswordHasher",
    "PasswordScheme",
    "Principal",
    "RefreshToken",
    "RefreshTokens",
    "SessionCookie",
    "SessionStore",
    "SigningKeys",
    "TokenSigner",
    "check_page",
    "new_one_time_token",
    "new_salt",
    "one_time_hash",
    "signing_keys_of",
]
