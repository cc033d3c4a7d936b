"""Types that environment variables are read into."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import NoDecode


def _split(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.strip()
    if not text.startswith("["):
        return [item for item in (part.strip() for part in text.split(",")) if item]
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError('must be a comma-separated list or a JSON array such as ["a", "b"]') from None


StringList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Several strings: `a, b` or `["a", "b"]`; empty text means none."""

SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
"""Several secrets, written in the same way and never shown."""


def _blank_is_unset(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


BlankIsUnset = BeforeValidator(_blank_is_unset)
"""For optional settings: `NAME=` in a file means the same as no line at all."""
