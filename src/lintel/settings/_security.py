"""Secrets, and the tokens made with them."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from lintel.settings._base import BaseGroup, Environment, deployed
from lintel.settings._placeholders import LEFT
from lintel.settings._secret_key import MIN_SECRET_LENGTH, kept_secret_key
from lintel.settings._types import BlankIsUnset, SecretList

MIN_SECRET_CHARACTERS = 10
"""Fewer different characters than this are a pattern, not a secret."""
PLACEHOLDERS = ("your-secret", "your_secret", "secret-key", "example")


class SecuritySettings(BaseGroup):
    """Secrets and the tokens made with them."""

    secret_key: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None,
        description="Signs tokens; at least 32 random characters. Unset in development: made once in DATA_DIR.",
        validate_default=True,
    )
    secret_key_previous: SecretList = Field(
        default=(),
        description="What SECRET_KEY was before, the latest first. What was signed with them is still accepted; "
        "take them away when it has expired.",
    )
    algorithm: Literal["HS256", "ES256"] = Field(
        default="HS256",
        description="How access tokens are signed: HS256 with SECRET_KEY, or ES256 with JWT_PRIVATE_KEY, so that "
        "others can verify them with what /.well-known/jwks.json publishes.",
    )
    jwt_private_key: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None, description="Key of ES256: PEM, on the curve P-256, without a password.", validate_default=True
    )
    jwt_public_keys_previous: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None,
        description="Keys of ES256 before it, whose tokens are still accepted: PEMs one after the other, or JWKs.",
    )
    jwt_issuer: str = Field(default="lintel", min_length=1, description="`iss` of tokens, checked on the way in.")
    jwt_audience: str = Field(default="lintel", min_length=1, description="`aud` of tokens, checked on the way in.")
    password_hash: Literal["argon2id", "bcrypt"] = Field(
        default="argon2id",
        description="How passwords are stored. Hashes of the other kind are replaced as their owners sign in.",
    )
    password_require_special: bool = Field(
        default=False, description="Whether passwords also need one of @$!%*?& or another sign."
    )

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The secret that signs, and after it those before it, which are accepted only.

        Without a `SECRET_KEY`, which is so in development only, the first is the one kept in `DATA_DIR`, made when
        first asked for: tokens stay valid over restarts without any configuration.

        Raises:
            SettingsError: Its file cannot be read or written, or holds no key.
        """
        current = self.secret_key.get_secret_value() if self.secret_key is not None else kept_secret_key(self.data_dir)
        return tuple(dict.fromkeys([current, *(key.get_secret_value() for key in self.secret_key_previous)]))

    @field_validator("secret_key")
    @classmethod
    def _strong_secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            if info.data.get("environment") is Environment.DEVELOPMENT:
                return None
            raise ValueError('is required; make one: python3 -c "import secrets; print(secrets.token_urlsafe(48))"')
        _check_strength(value, info)
        return value

    @field_validator("jwt_private_key")
    @classmethod
    def _a_key_where_there_must_be_one(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("algorithm") == "ES256":
            raise ValueError(
                "is required by ALGORITHM=ES256; make one: "
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"
            )
        return value

    @field_validator("secret_key_previous")
    @classmethod
    def _strong_secrets(cls, value: tuple[SecretStr, ...], info: ValidationInfo) -> tuple[SecretStr, ...]:
        # They are believed as much as the present one is.
        for secret in value:
            _check_strength(secret, info, hint='; one with a comma is written in JSON: ["…"]')
        return value


def resolve_secret_key(settings: SecuritySettings) -> str:
    """The secret that signs: the first of `settings.secret_keys`.

    Raises:
        SettingsError: As there.
    """
    return settings.secret_keys[0]


def _check_strength(secret: SecretStr, info: ValidationInfo, *, hint: str = "") -> None:
    text = secret.get_secret_value()
    if len(text) < MIN_SECRET_LENGTH:
        raise ValueError(f"must be at least {MIN_SECRET_LENGTH} characters{hint}")
    if deployed(info) and (
        len(set(text)) < MIN_SECRET_CHARACTERS or any(word in text.lower() for word in PLACEHOLDERS)
    ):
        raise ValueError(LEFT)
