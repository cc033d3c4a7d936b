"""How often whom may ask for what. `RATE_LIMIT_PER_MINUTE` is the library's; these stand beside it."""

from collections.abc import Mapping

from app.core.config import Settings
from lintel.ratelimit import ANONYMOUS, Policy, minute_policy

USER, KEY, STAFF = "user", "key", "staff"
"""Kinds of callers: with a token, with a key, and with a token of somebody who is more than a user."""

TEXTS = "texts"
"""What is read: an analysis is one text, a batch as many as it holds."""
AUTH = "auth"
"""What strangers do: sign in, stay signed in, register, use a token from a mail."""


def tiers_of(settings: Settings) -> dict[str, Policy | None]:
    """The policies of kinds of callers that have one of their own."""
    limits = {
        ANONYMOUS: settings.rate_limit_anonymous_per_minute,
        KEY: settings.rate_limit_keys_per_minute,
        STAFF: settings.rate_limit_staff_per_minute,
    }
    return _policies({tier: limit for tier, limit in limits.items() if limit is not None})


def policies_of(settings: Settings) -> dict[str, Policy | None]:
    """The policies that routes name, beside what counts for everything."""
    return _policies({TEXTS: settings.rate_limit_texts_per_minute, AUTH: settings.rate_limit_auth_per_minute})


def _policies(limits: Mapping[str, int]) -> dict[str, Policy | None]:
    return {name: minute_policy(name, limit) for name, limit in limits.items()}
