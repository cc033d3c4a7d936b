"""The group of settings about kept answers."""

from pydantic import Field

from lintel.settings._base import BaseGroup


class CacheSettings(BaseGroup):
    """Which answers are kept for how long."""

    enable_caching: bool = Field(
        default=True,
        description="Whether answers are kept for a while, in Redis where there is a REDIS_URL, else in the one server "
        "process.",
    )
    cache_ttl_list: int = Field(default=300, ge=1, le=86_400, description="Seconds a list may be kept.")
    cache_ttl_item: int = Field(default=600, ge=1, le=86_400, description="Seconds a single resource may be kept.")
    cache_ttl_default: int = Field(default=3_600, ge=1, le=604_800, description="Seconds anything else may be kept.")
    cache_max_bytes: int = Field(
        default=16_777_216, ge=65_536, description="Memory for kept answers where there is no REDIS_URL."
    )
