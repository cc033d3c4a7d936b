"""The settings under which our own stack is measured: production, and everything on that can be on."""

from typing import Any

from lintel.settings import Environment

SECRET_KEY = "3q9-nX_2vB7wLr0tYc5mZk8hJd1sGf4pAe6uQoTi"  # noqa: S105 - signs nothing but what the bench asks
POOL_SIZE = 20
"""More than there are clients, for every application: making connections is not what is compared."""

ALL_ON: dict[str, Any] = {
    "environment": Environment.PRODUCTION,
    "email_verification": "optional",  # nobody reads mails here
    "secret_key": SECRET_KEY,
    "allowed_hosts": ("127.0.0.1",),
    "cors_origins": ("https://app.example.com",),
    "access_token_expire_minutes": 600,
    # Counted all the same, and never refused.
    **dict.fromkeys(
        ["rate_limit_per_minute", "rate_limit_texts_per_minute", "rate_limit_auth_per_minute"], 1_000_000_000
    ),
    **dict.fromkeys(["login_attempts", "login_attempts_per_address", "login_attempts_per_account"], 1_000_000_000),
    "enable_caching": False,  # the database is what is compared
    "metrics": "admin",
    "database_pool_size": POOL_SIZE,
}
