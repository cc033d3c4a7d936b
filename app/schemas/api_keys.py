"""API keys as they are asked for and answered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from app.core.permissions import Permission
from lintel.api import Instant, ListQuery, RequestModel, ResponseModel, Text, fields_of

EXAMPLE: dict[str, Any] = {
    "id": 7,
    "name": "nightly import",
    "prefix": "lintel_4fZ0hQw81kYb",
    "scopes": ["analyses:read", "analyses:write"],
    "created_at": "2026-11-20T10:30:00Z",
    "last_used_at": "2026-11-21T02:00:00Z",
    "expires_at": "2027-11-20T00:00:00Z",
}


def _each_once(scopes: list[Permission]) -> list[Permission]:
    if len(set(scopes)) < len(scopes):
        raise ValueError("must not name a scope twice")
    return scopes


class ApiKeyCreate(RequestModel):
    """What a new key is for, and what may be done with it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": EXAMPLE["name"], "scopes": EXAMPLE["scopes"]}]})

    name: Annotated[str, Text(max_length=100), Field(description="What it is for, to tell it from others.")]
    scopes: Annotated[
        list[Permission],
        Field(
            min_length=1,
            max_length=len(Permission),
            description="What may be done with it, of what you may do yourself.",
        ),
        AfterValidator(_each_once),
    ]
    expires_at: Annotated[
        Instant | None, Field(description="When it is good no more; null for a key that stays until it is revoked.")
    ] = None


class ApiKeyRead(ResponseModel):
    """One of your keys, without the key itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Annotated[int, Field(description="Id of the key; log records name it.")]
    name: Annotated[str, Field(description="What it is for.")]
    prefix: Annotated[str, Field(description="How the key begins.")]
    scopes: Annotated[list[str], Field(description="What may be done with it, as long as you may do it yourself.")]
    created_at: Annotated[datetime, Field(description="When it was made (UTC).")]
    last_used_at: Annotated[
        datetime | None, Field(description="When a request with it succeeded last, to the minute (UTC).")
    ]
    expires_at: Annotated[datetime | None, Field(description="When it is good no more (UTC).")]


class ApiKeyCreated(ApiKeyRead):
    """A new key, which is never shown again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE, "key": "lintel_4fZ0hQw81kYb_…"}]})

    key: Annotated[str, Field(description="For the header `X-API-Key`. Keep it secret; it is not shown again.")]


class ApiKeySort(StrEnum):
    """What a list of keys can be sorted by."""

    CREATED_AT = "created_at"
    NAME = "name"


class ApiKeyQuery(ListQuery):
    """The query of the list of keys."""

    fields: Annotated[str | None, fields_of(ApiKeyRead)] = None
    sort_by: Annotated[ApiKeySort, Field(description="What to sort by.")] = ApiKeySort.CREATED_AT
