"""Flags in the environment: `FLAGS='{"name": true}'`, and `FLAG_NAME=true`, which wins."""

import json
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from lintel.settings._base import BaseGroup
from lintel.settings._types import BlankIsUnset


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not value.strip():
        return {}
    try:
        return json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError('must be a JSON object such as {"name": true}') from None


class FlagSettings(BaseGroup):
    """What is switched on or off for everybody."""

    flags: Annotated[dict[str, bool], NoDecode, BeforeValidator(_parsed)] = Field(
        default_factory=dict,
        description='Flags that are on or off whatever the table says: {"name": true}; or FLAG_NAME=true, which wins.',
    )
    flags_refresh_seconds: float = Field(
        default=5.0, gt=0, le=3_600, description="Seconds after which every process knows of a changed flag."
    )
    flags_provider: Annotated[str | None, BlankIsUnset] = Field(
        default=None,
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description="module:factory of an OpenFeature provider that is asked instead of the table.",
    )
