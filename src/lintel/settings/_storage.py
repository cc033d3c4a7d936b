"""Where files are kept."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator

from lintel.settings._base import BaseGroup
from lintel.settings._types import BlankIsUnset


class StorageSettings(BaseGroup):
    """Where files are kept."""

    storage_url: Annotated[str | None, BlankIsUnset] = Field(
        default=None,
        description="file:///folder, or s3://bucket/prefix?region=…&endpoint=…&public_endpoint=… . "
        "Unset: the folder files in DATA_DIR.",
    )
    storage_access_key_id: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None,
        validation_alias=AliasChoices("STORAGE_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
        description="Name of the key for a bucket. Unset: the identity that the machine gives us.",
    )
    storage_secret_access_key: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None,
        validation_alias=AliasChoices("STORAGE_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"),
        description="That key.",
    )
    storage_session_token: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None,
        validation_alias=AliasChoices("STORAGE_SESSION_TOKEN", "AWS_SESSION_TOKEN"),
        description="What belongs to a key that is valid for a while only.",
    )
    storage_timeout: float = Field(
        default=20.0,
        gt=0,
        le=300,
        description="Seconds a request to a bucket may take, or a transfer stand still.",
    )

    @field_validator("storage_url")
    @classmethod
    def _a_kind_that_is_known(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
        except ValueError:  # a bracket that does not close
            parts = urlsplit("")
        is_folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
        is_bucket = parts.scheme == "s3" and bool(parts.netloc)
        if not (is_folder or is_bucket):
            # Its text may hold a password that does not belong there.
            raise ValueError("must be file:///folder or s3://bucket/prefix?region=…")
        return value
