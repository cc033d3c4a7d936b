"""The settings of this service: the library's groups and its own."""

from functools import cache
from typing import Annotated, Literal

from pydantic import AliasChoices, EmailStr, Field, SecretStr, ValidationInfo, field_validator

from app.core.passwords import MAX_LENGTH, MIN_LENGTH, check_password_classes, check_password_uncommon
from lintel.settings import BaseGroup, BlankIsUnset, LintelSettings, StringList, deployed, load_settings

DESCRIPTION = """
Reads texts and tells what is in them: sentiment by sentence, with the words that carry it.

Sign in with **Authorize** (your e-mail address as username), or send `Authorization: Bearer <access_token>`
with a token from `POST /api/v1/auth/login`. Programs send a key from `POST /api/v1/auth/api-keys` as `X-API-Key`.
Errors are problem details (RFC 9457) with a stable `error_code`.

Analyses have a version 2, under `/api/v2`, on the same data. What of version 1 will go, when, and what to do instead:
[/deprecations](/deprecations).
""".strip()


MAX_TEXTS = 1_000
"""Of one batch."""


class AccountSettings(BaseGroup):
    """Who can have an account."""

    registration: Literal["open", "invite", "closed"] = Field(
        default="open",
        description="open: anybody can register; invite: who was invited by an administrator; closed: administrators "
        "make accounts.",
    )
    invitation_days: int = Field(default=7, ge=1, le=90, description="Days that an invitation is good for.")
    email_verification: Annotated[Literal["optional", "required"] | None, BlankIsUnset] = Field(
        default=None,
        description="required: who registers can sign in once they have followed a mail, and no answer tells which "
        "addresses have accounts; needs a MAIL_URL in production. optional: they get the mail, and sign in at once. "
        "Unset: required in production and staging, else optional.",
    )
    email_verification_hours: int = Field(
        default=24, ge=1, le=720, description="Hours that a mail for verifying an address, or a new one, is good for."
    )
    email_allowed_domains: StringList = Field(
        default=(), description="Domains that new accounts' addresses must be of. Empty: any."
    )
    email_blocked_domains: StringList = Field(
        default=(), description="Domains that new accounts' addresses must not be of."
    )
    max_api_keys_per_user: int = Field(
        default=20, ge=1, le=1_000, description="Beyond this many, a key must be revoked before another one is made."
    )
    first_admin_email: EmailStr = Field(
        default="admin@example.com", description="Address of the administrator made by `create-admin`."
    )
    first_admin_password: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None, description="Password of that administrator. Unset: one is made up and shown once."
    )

    avatar_max_bytes: int = Field(
        default=1_000_000,
        ge=1_024,
        description="Largest picture of themselves that users can send, in bytes; the request, which is a little "
        "larger, is bounded by MAX_REQUEST_BYTES.",
    )
    users_purge_days: int = Field(
        default=30,
        ge=1,
        le=3_650,
        description="Days after which accounts that were deleted are purged with all that is theirs.",
    )
    max_exports_per_user: int = Field(
        default=10,
        ge=1,
        le=1_000,
        description="Exports that a user can have at a time; each is kept EXPORTS_KEPT_DAYS.",
    )
    exports_kept_days: int = Field(default=7, ge=1, le=365, description="Days that the files of exports are kept.")
    audit_retention_days: int = Field(
        default=365, ge=1, le=36_500, description="Days that entries of the audit log are kept."
    )
    password_reset_minutes: int = Field(
        default=30, ge=5, le=1_440, description="Minutes that the mail to who forgot their password is good for."
    )
    public_url: Annotated[str | None, BlankIsUnset] = Field(
        default=None,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        description="Where people reach this service, such as https://api.example.com, for what mails name. Unset: "
        "http://localhost:PORT in development; elsewhere mails name paths alone.",
    )

    @field_validator("first_admin_password")
    @classmethod
    def _a_password_like_any_other(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            password = value.get_secret_value()
            if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
                raise ValueError(f"must have {MIN_LENGTH} to {MAX_LENGTH} characters")
            check_password_classes(password)
            check_password_uncommon(password)
        return value


class ThrottleSettings(BaseGroup):
    """How often something may be tried. Where there is a REDIS_URL it is counted there, and not possible without it."""

    login_attempts: int = Field(
        default=10,
        ge=0,
        le=1_000_000_000,
        description="Attempts to sign in to one account from one network in 15 minutes; the right password begins "
        "anew. 0: any number.",
    )
    login_attempts_per_address: int = Field(
        default=200,
        ge=0,
        le=1_000_000_000,
        description="Attempts to sign in from one network in 15 minutes, to whatever accounts. 0: any number.",
    )
    login_attempts_per_account: int = Field(
        default=100,
        ge=0,
        le=1_000_000_000,
        description="Attempts to sign in to one account from everywhere in an hour; beyond that each network has three "
        "a day. 0: any number.",
    )
    registrations_per_address: int = Field(
        default=100, ge=0, le=1_000_000_000, description="Accounts made from one network in an hour. 0: any number."
    )
    password_mails_per_address: int = Field(
        default=20,
        ge=0,
        le=1_000_000_000,
        description="Mails for who forgot their password, or wants their address verified or another one, asked for "
        "from one network in an hour. 0: any number.",
    )


class CallerLimits(BaseGroup):
    """How often some may ask, and for some things. With RATE_LIMIT_PER_MINUTE=0 none of these is counted."""

    rate_limit_anonymous_per_minute: Annotated[int | None, BlankIsUnset] = Field(
        default=None,
        ge=0,
        le=1_000_000_000,
        description="Requests a minute from one address where nobody is signed in. Unset: RATE_LIMIT_PER_MINUTE. "
        "0: any number.",
    )
    rate_limit_keys_per_minute: Annotated[int | None, BlankIsUnset] = Field(
        default=None,
        ge=0,
        le=1_000_000_000,
        description="Requests a minute with all API keys of one user, beside what they do signed in. Unset: one "
        "RATE_LIMIT_PER_MINUTE for both. 0: any number.",
    )
    rate_limit_staff_per_minute: Annotated[int | None, BlankIsUnset] = Field(
        default=None,
        ge=0,
        le=1_000_000_000,
        description="Requests a minute of one moderator or administrator. Unset: RATE_LIMIT_PER_MINUTE. 0: any number.",
    )
    rate_limit_texts_per_minute: int = Field(
        default=10_000,
        ge=0,
        le=1_000_000_000,
        description="Texts a minute that one caller may have read: an analysis is one, a batch as many as it holds. "
        "Not less than one batch can hold (1000). 0: any number.",
    )
    rate_limit_auth_per_minute: int = Field(
        default=60,
        ge=0,
        le=1_000_000_000,
        description="Requests a minute of one caller to sign in, stay signed in, register and use tokens from mails. "
        "0: any number.",
    )

    @field_validator("rate_limit_texts_per_minute")
    @classmethod
    def _room_for_a_batch(cls, value: int) -> int:
        if 0 < value < MAX_TEXTS:
            raise ValueError(f"must be 0, or {MAX_TEXTS} or more: no full batch would ever be accepted")
        return value


class BatchSettings(BaseGroup):
    """How batches are read."""

    batches_at_once_per_user: int = Field(
        default=2,
        ge=1,
        le=1_000,
        description="Batches of one user that are read at once, so that everybody else's are read beside them.",
    )


class Settings(LintelSettings, AccountSettings, ThrottleSettings, CallerLimits, BatchSettings):
    """Everything that can be set."""

    app_name: str = Field(
        default="Lintel", validation_alias=AliasChoices("APP_NAME", "API_TITLE"), description="Title of the API."
    )
    app_description: str = Field(
        default=DESCRIPTION,
        validation_alias=AliasChoices("APP_DESCRIPTION", "API_DESCRIPTION"),
        description="Text at the head of the API documentation (Markdown).",
    )

    api_v2_prefix: str = Field(
        default="/api/v2", pattern=r"^(/[A-Za-z0-9._-]+)+$", description="Path under which version 2 answers."
    )

    @property
    def public_api(self) -> str:
        """Where version 1 is, as people reach it: never what a request says about that."""
        if self.public_url is not None:
            return self.public_url.rstrip("/") + self.api_v1_prefix
        return f"{'' if self.environment.is_deployed else f'http://localhost:{self.port}'}{self.api_v1_prefix}"

    @property
    def must_verify_email(self) -> bool:
        """Whether people who register must show that they read the mail to their address before they can sign in."""
        if self.email_verification is None:
            return self.environment.is_deployed
        return self.email_verification == "required"

    @field_validator("api_v2_prefix")
    @classmethod
    def _beside_version_1(cls, value: str, info: ValidationInfo) -> str:
        if value == info.data.get("api_v1_prefix"):
            raise ValueError("must not be API_V1_PREFIX")
        return value

    @field_validator("mail_url")
    @classmethod
    def _mails_that_arrive(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and deployed(info) and info.data.get("email_verification", "") in {None, "required"}:
            raise ValueError("is required by EMAIL_VERIFICATION=required, the default in production")
        return value

    @field_validator("workers")
    @classmethod
    def _attempts_counted_together(cls, value: int, info: ValidationInfo) -> int:
        limits = [name for name in ThrottleSettings.model_fields if name not in BaseGroup.model_fields]
        if value > 1 and info.data.get("redis_url", "") is None and any(info.data.get(name) for name in limits):
            names = ", ".join(name.upper() for name in limits)
            raise ValueError(f"must be 1 without a REDIS_URL: each process would count attempts by itself ({names})")
        return value


@cache
def get_settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        lintel.settings.SettingsError: At least one is missing, invalid or unsafe.
    """
    return load_settings(Settings)
