"""The group of settings about Redis."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from lintel.settings._base import BaseGroup
from lintel.settings._types import BlankIsUnset

_REDIS_PATH = re.compile(r"(/[0-9]*)?")


def _is_redis_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        has_place = bool(url.hostname) and url.port != 0
        return url.scheme in {"redis", "rediss"} and has_place and _REDIS_PATH.fullmatch(url.path) is not None
    except ValueError:  # a port that is no number, a bracket that does not close
        return False


class RedisSettings(BaseGroup):
    """The Redis (or Valkey) server, where there is one."""

    redis_url: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None, description="redis://… of a server shared by all processes. Unset: none is used."
    )

    @field_validator("redis_url")
    @classmethod
    def _readable_redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_redis_url(value.get_secret_value()):
            # Its text holds a password.
            raise ValueError(
                "must be redis://:password@host:port/number, or rediss:// for TLS; "
                "#, / and @ in the password are percent-encoded"
            )
        return value
