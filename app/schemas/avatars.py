"""Pictures of people as they are answered."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from lintel.api import ResponseModel


class AvatarRead(ResponseModel):
    """Where your picture can be seen."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": "/api/v1/files/avatars/7/3f1c2ab84d5e4f60a7b8c9d0e1f2a3b4.webp?expires=1795268400",
                    "url_expires_at": "2026-11-20T11:30:00Z",
                }
            ]
        }
    )

    url: Annotated[str, Field(description="Where it can be seen, without signing in.")]
    url_expires_at: Annotated[datetime, Field(description="Until when (UTC). Ask again for another address.")]
