"""The settings of this service: the library's groups and its own."""

from functools import cache
from typing import Annotated, Literal

from pydantic import AliasChoices, EmailStr, Field, SecretStr, field_validator

from app.core.passwords import MAX_LENGTH, MIN_LENGTH, check_password_classes
from lintel.settings import BaseGroup, BlankIsUnset, LintelSettings, StringList, load_settings

DESCRIPTION = """
Reads texts and tells what is in them: sentiment by sentence, with the words that carry it.

Sign in with **Authorize** (your e-mail address as username), or send `Authorization: Bearer <access_token>`
with a token from `POST /api/v1/auth/login`. Errors are problem details (RFC 9457) with a stable `error_code`.
""".strip()


class AccountSettings(BaseGroup):
    """Who can have an account."""

    registration: Literal["open", "closed"] = Field(
        default="open", description="open: anybody can register; closed: administrators make accounts."
    )
    email_allowed_domains: StringList = Field(
        default=(), description="Domains that new accounts' addresses must be of. Empty: any."
    )
    email_blocked_domains: StringList = Field(
        default=(), description="Domains that new accounts' addresses must not be of."
    )
    first_admin_email: EmailStr = Field(
        default="admin@example.com", description="Address of the administrator made by `create-admin`."
    )
    first_admin_password: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None, description="Password of that administrator. Unset: one is made up and shown once."
    )

    @field_validator("first_admin_password")
    @classmethod
    def _a_password_like_any_other(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            password = value.get_secret_value()
            if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
                raise ValueError(f"must have {MIN_LENGTH} to {MAX_LENGTH} characters")
            check_password_classes(password)
        return value


class ReservedSettings(BaseGroup):
    """Read and checked, but without effect yet: the cache is still to come."""

    enable_caching: bool = Field(default=True, description="No effect yet. Whether answers are cached.")


class Settings(LintelSettings, AccountSettings, ReservedSettings):
    """Everything that can be set."""

    app_name: str = Field(
        default="Lintel", validation_alias=AliasChoices("APP_NAME", "API_TITLE"), description="Title of the API."
    )
    app_description: str = Field(
        default=DESCRIPTION,
        validation_alias=AliasChoices("APP_DESCRIPTION", "API_DESCRIPTION"),
        description="Text at the head of the API documentation (Markdown).",
    )


@cache
def get_settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        lintel.settings.SettingsError: At least one is missing, invalid or unsafe.
    """
    return load_settings(Settings)
