"""What several processes must share, and cannot with the embedded adapters."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr


def kept_apart(values: Mapping[str, Any]) -> list[str]:
    """Names of what each process would keep for itself.

    Args:
        values: Settings by field name. One that is itself at fault is missing, and then nobody is blamed for it.
    """
    if values.get("redis_url", "") is not None:
        return []
    needs = {
        "rate limits": bool(values.get("rate_limit_per_minute")),
        "a cache": bool(values.get("enable_caching")),
        "channels": _is_a_file(values.get("database_url", "")),  # PostgreSQL carries them
    }
    return [name for name, is_needed in needs.items() if is_needed]


def _is_a_file(database_url: Any) -> bool:
    """Whether the database is SQLite; an empty text stands for a faulty setting."""
    return database_url is None or (
        isinstance(database_url, SecretStr) and database_url.get_secret_value().startswith("sqlite")
    )


def in_words(names: list[str]) -> str:
    """One line of several names."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
