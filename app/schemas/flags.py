"""Flags as they are sent and answered."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from app.core.enums import UserRole
from lintel.api import RequestModel, ResponseModel, RowId


class FlagState(ResponseModel):
    """Whether something is on for you."""

    name: Annotated[str, Field(description="Name of the flag.")]
    description: Annotated[str, Field(description="What is on when it is on.")]
    on: Annotated[bool, Field(description="Whether it is on for you.")]


class FlagStates(ResponseModel):
    """Every flag, as it is for you."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [{"name": "analyses", "description": "New texts are analysed.", "on": True}]}]
        }
    )

    items: Annotated[list[FlagState], Field(description="Each flag.")]


class FlagRuleWrite(RequestModel):
    """For whom a flag is on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enabled": True, "percentage": 10, "roles": ["admin"]}]})

    enabled: Annotated[bool, Field(description="Off for everybody if false.")]
    percentage: Annotated[
        float, Field(ge=0, le=100, description="Part of all users for whom it is on; the same ones each time.")
    ] = 100.0
    user_ids: Annotated[list[RowId], Field(max_length=1_000, description="Users for whom it is on in any case.")] = (
        Field(default_factory=list)
    )
    roles: Annotated[list[UserRole], Field(max_length=10, description="Roles for which it is on in any case.")] = Field(
        default_factory=list
    )


class FlagRule(ResponseModel):
    """For whom a flag is on, as an administrator said."""

    enabled: Annotated[bool, Field(description="Off for everybody if false.")]
    percentage: Annotated[float, Field(description="Part of all users for whom it is on.")]
    user_ids: Annotated[list[int], Field(description="Users for whom it is on in any case.")]
    roles: Annotated[list[str], Field(description="Roles for which it is on in any case.")]
    updated_at: Annotated[datetime, Field(description="When it last changed (UTC).")]


class FlagRead(ResponseModel):
    """A flag and what decides about it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "analyses",
                    "description": "New texts are analysed.",
                    "default": True,
                    "environment": None,
                    "rule": {
                        "enabled": False,
                        "percentage": 100,
                        "user_ids": [],
                        "roles": [],
                        "updated_at": "2026-11-20T10:30:00Z",
                    },
                }
            ]
        }
    )

    name: Annotated[str, Field(description="Name of the flag.")]
    description: Annotated[str, Field(description="What is on when it is on.")]
    default: Annotated[bool, Field(description="What it is where nobody says otherwise.")]
    environment: Annotated[bool | None, Field(description="What the environment says, which wins; null: nothing.")]
    rule: Annotated[FlagRule | None, Field(description="What an administrator said; null: nothing.")]
