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
from app.schemas.passwords import Confirmation, Password, check_confirmed
from lintel.api import (
    BulkUpdate,
    Each,
    EmailAddress,
    ListQuery,
    PatchModel,
    RequestModel,
    ResponseModel,
    Text,
    fields_of,
    left_out,
)

Email = Annotated[EmailAddress, Field(description="E-mail address; upper and lower case are the same.")]
FullName = Annotated[str, Text(max_length=100), Field(description="Name to show.", examples=["Ada Lovelace"])]


MAX_MADE = 20
"""Accounts in one request: each takes a hash, one after another, and others wait for theirs meanwhile."""

RESERVED = frozenset({"admin", "root", "system", "api"})


def _not_reserved(value: str) -> str:
    if value.lower() in RESERVED:
        raise ValueError("is reserved")
    return value.lower()


Username = Annotated[
    str,
    Field(
        min_length=3,
        max_length=50,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="3 to 50 letters, digits, `_` or `-`; kept in lower case. Some are reserved.",
        examples=["ada"],
    ),
    AfterValidator(_not_reserved),
]


class NewAccount(RequestModel):
    """A new account, whoever makes it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "ada@example.com", "password": "Bernoulli1843", "full_name": "Ada Lovelace"}]
        }
    )

    email: Email
    password: Password
    confirm_password: Confirmation = None
    full_name: Annotated[
        FullName | None,
        Field(validation_alias=AliasChoices("full_name", "name"), description="Name to show; `name` is read too."),
    ] = None
    username: Annotated[Username | None, Field(description="A short name of yours alone, if you like.")] = None

    @model_validator(mode="after")
    def _passwords_match(self) -> Self:
        check_confirmed(self.password, self.confirm_password)
        return self


class UserRegister(NewAccount):
    """A new account, made by its owner."""

    invitation: Annotated[
        SecretStr | None,
        Field(max_length=200, description="The token from the mail with an invitation to this address, good once."),
    ] = None


class UserCreate(NewAccount):
    """A new account, made by an administrator."""

    role: Annotated[UserRole, Field(description="What the user may do.")] = UserRole.USER
    status: Annotated[UserStatus, Field(description="Whether the account can be used.")] = UserStatus.ACTIVE


class UsersCreate(RequestModel):
    """Several new accounts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"email": "ada@example.com", "password": "Bernoulli1843", "full_name": "Ada Lovelace"},
                        {"email": "bob@example.com", "password": "Bernoulli1844", "role": "moderator"},
                    ]
                }
            ]
        }
    )

    items: Annotated[
        list[Each[UserCreate]],
        Field(min_length=1, max_length=MAX_MADE, description=f"The accounts, 1 to {MAX_MADE}."),
    ]


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
    username: Annotated[Username | None, Field(description="A short name of yours alone; null for none.")] = left_out()


class UserReplaceMe(RequestModel):
    """The whole of an account that its owner can set."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"full_name": "Ada King", "username": "ada"}]})

    full_name: Annotated[
        FullName | None,
        Field(validation_alias=AliasChoices("full_name", "name"), description="Name to show; null for none."),
    ]
    username: Annotated[Username | None, Field(description="A short name of yours alone; null for none.")]

    def changes(self) -> dict[str, Any]:
        """The columns to set."""
        return self.model_dump()


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


class UsersUpdate(BulkUpdate[UserUpdate]):
    """What administrators change of several accounts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"id": 1, "version": 3, "changes": {"full_name": "Ada King"}},
                        {"id": 2, "changes": {"full_name": "Bob Babbage"}},
                    ]
                }
            ]
        }
    )


class UserReplace(UserReplaceMe):
    """The whole of an account that administrators can set."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "ada@example.com",
                    "full_name": "Ada King",
                    "username": "ada",
                    "role": "user",
                    "status": "active",
                }
            ]
        }
    )

    email: Email
    role: Annotated[UserRole, Field(description="What the user may do.")]
    status: Annotated[UserStatus, Field(description="Whether the account can be used.")]


class UserRead(ResponseModel):
    """An account, without its secrets."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    "email": "ada@example.com",
                    "username": "ada",
                    "full_name": "Ada Lovelace",
                    "role": "user",
                    "status": "active",
                    "email_verified_at": "2026-11-20T10:31:00Z",
                    "created_at": "2026-11-20T10:30:00Z",
                    "updated_at": "2026-11-20T10:30:00Z",
                    "version": 1,
                    "is_active": True,
                    "name": "Ada Lovelace",
                }
            ]
        }
    )

    id: Annotated[int, Field(description="Number of the user.")]
    email: Annotated[str, Field(description="E-mail address, in lower case.")]
    username: Annotated[str | None, Field(description="Short name, in lower case.")]
    full_name: Annotated[str | None, Field(description="Name to show.")]
    role: Annotated[UserRole, Field(description="What the user may do.")]
    status: Annotated[UserStatus, Field(description="Whether the account can be used.")]
    email_verified_at: Annotated[
        datetime | None, Field(description="When it was last shown that the address is theirs (UTC).")
    ]
    created_at: Annotated[datetime, Field(description="When the account was made (UTC).")]
    updated_at: Annotated[datetime, Field(description="When it last changed (UTC).")]
    version: Annotated[int, Field(description="Counts its changes; `ETag` is made of it.")]

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


class UserSearchQuery(ListQuery):
    """The query of a search for active users."""

    q: Annotated[str, Text(max_length=100), Field(description="Text in their address or name, in any case.")]
    fields: Annotated[str | None, fields_of(UserRead)] = None
    sort_by: Annotated[UserSort, Field(description="What to sort by.")] = UserSort.CREATED_AT

    @property
    def filters(self) -> dict[str, Any]:
        """What the list of users is narrowed to."""
        return {"search": self.q, "status": UserStatus.ACTIVE}


class UserQuery(ListQuery):
    """The query of the list of users."""

    role: Annotated[UserRole | None, Field(description="Only users of this role.")] = None
    status: Annotated[UserStatus | None, Field(description="Only users of this status.")] = None
    search: Annotated[
        Annotated[str, Text(max_length=100)] | None,
        Field(description="Only users with this text in their address or name, in any case."),
    ] = None
    fields: Annotated[str | None, fields_of(UserRead)] = None
    sort_by: Annotated[UserSort, Field(description="What to sort by.")] = UserSort.CREATED_AT
