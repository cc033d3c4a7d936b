"""Users as they are sent and answered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    ConfigDict,
    Field,
    SecretStr,
    computed_field,
    model_validator,
)

from app.core.enums import UserRole, UserStatus
from app.core.passwords import MAX_LENGTH, MIN_LENGTH, check_password_classes
from lintel.api import EmailAddress, PageQuery, PatchModel, RequestModel, ResponseModel, Text, left_out


def _has_classes(value: SecretStr) -> SecretStr:
    check_password_classes(value.get_secret_value())
    return value


Email = Annotated[EmailAddress, Field(description="E-mail address; upper and lower case are the same.")]
Password = Annotated[
    SecretStr,
    AfterValidator(_has_classes),
    Field(
        min_length=MIN_LENGTH,
        max_length=MAX_LENGTH,
        description="8 to 128 characters, at least one upper-case letter, one lower-case letter and one digit.",
        examples=["Lovelace1815"],
    ),
]
FullName = Annotated[str, Text(max_length=100), Field(description="Name to show.", examples=["Ada Lovelace"])]


class UserRegister(RequestModel):
    """A new account, made by its owner."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "ada@example.com", "password": "Lovelace1815", "full_name": "Ada Lovelace"}]
        }
    )

    email: Email
    password: Password
    confirm_password: Annotated[
        Annotated[SecretStr, Field(max_length=MAX_LENGTH)] | None, Field(description="The password again, if you like.")
    ] = None
    full_name: Annotated[
        FullName | None,
        Field(validation_alias=AliasChoices("full_name", "name"), description="Name to show; `name` is read too."),
    ] = None

    @model_validator(mode="after")
    def _passwords_match(self) -> Self:
        if self.confirm_password is not None and self.confirm_password != self.password:
            raise ValueError("Passwords do not match")
        return self


class UserCreate(UserRegister):
    """A new account, made by an administrator."""

    role: Annotated[UserRole, Field(description="What the user may do.")] = UserRole.USER
    status: Annotated[UserStatus, Field(description="Whether the account can be used.")] = UserStatus.ACTIVE


class UserUpdateMe(PatchModel):
    """What users can change of their own account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"full_name": "Ada King"}]})

    full_name: Annotated[
        FullName | None,
        Field(
            validation_alias=AliasChoices("full_name", "name"),
            description="Name to show; null for none. `name` is read too.",
        ),
    ] = None


class UserUpdate(UserUpdateMe):
    """What administrators can change of an account."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "inactive"}]})

    email: Email = left_out()
    role: Annotated[UserRole, Field(description="What the user may do.")] = left_out()
    status: Annotated[UserStatus, Field(description="Whether the account can be used.")] = left_out()
    is_active: Annotated[bool, Field(description="Same as status active or inactive.")] = left_out()

    @model_validator(mode="after")
    def _one_way_to_say_active(self) -> Self:
        if {"status", "is_active"} <= self.model_fields_set:
            raise ValueError("give status or is_active, not both")
        return self

    def changes(self) -> dict[str, Any]:
        """The columns to change."""
        changes = super().changes()
        if "is_active" in changes:
            changes["status"] = UserStatus.ACTIVE if changes.pop("is_active") else UserStatus.INACTIVE
        return changes


class UserRead(ResponseModel):
    """An account, without its secrets."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    "email": "ada@example.com",
                    "full_name": "Ada Lovelace",
                    "role": "user",
                    "status": "active",
                    "created_at": "2026-11-20T10:30:00Z",
                    "updated_at": "2026-11-20T10:30:00Z",
                    "is_active": True,
                    "name": "Ada Lovelace",
                }
            ]
        }
    )

    id: Annotated[int, Field(description="Number of the user.")]
    email: Annotated[str, Field(description="E-mail address, in lower case.")]
    full_name: Annotated[str | None, Field(description="Name to show.")]
    role: Annotated[UserRole, Field(description="What the user may do.")]
    status: Annotated[UserStatus, Field(description="Whether the account can be used.")]
    created_at: Annotated[datetime, Field(description="When the account was made (UTC).")]
    updated_at: Annotated[datetime, Field(description="When it last changed (UTC).")]

    @computed_field(description="Whether status is active.")  # type: ignore[prop-decorator]  # pydantic's own order
    @property
    def is_active(self) -> bool:
        """Whether status is active."""
        return self.status is UserStatus.ACTIVE

    @computed_field(description="Same as full_name.")  # type: ignore[prop-decorator]  # pydantic's own order
    @property
    def name(self) -> str | None:
        """Same as full_name."""
        return self.full_name


class UserSort(StrEnum):
    """What a list of users can be sorted by."""

    CREATED_AT = "created_at"
    EMAIL = "email"
    FULL_NAME = "full_name"
    ROLE = "role"
    STATUS = "status"
    ID = "id"


class UserQuery(PageQuery):
    """The query of the list of users."""

    role: Annotated[UserRole | None, Field(description="Only users of this role.")] = None
    status: Annotated[UserStatus | None, Field(description="Only users of this status.")] = None
    search: Annotated[
        Annotated[str, Text(max_length=100)] | None,
        Field(description="Only users with this text in their address or name, in any case."),
    ] = None
    sort_by: Annotated[UserSort, Field(description="What to sort by.")] = UserSort.CREATED_AT
