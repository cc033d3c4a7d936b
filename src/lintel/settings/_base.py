"""What every group of settings shares: where values come from, and in which environment they are judged."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from lintel.settings._files import FileReferenceSource, UnreadableFile
from lintel.settings._flag_variables import FlagVariables
from lintel.settings._placeholders import LEFT

_PLACEHOLDER = re.compile(r"change[-_ ]?me|\$\{", re.IGNORECASE)


class Environment(StrEnum):
    """Where a service runs. `staging` is judged as strictly as `production`."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"

    @property
    def is_deployed(self) -> bool:
        """Whether other people can reach the service, so that unsafe values are refused."""
        return self in {Environment.STAGING, Environment.PRODUCTION}


def deployed(info: ValidationInfo) -> bool:
    """Whether the settings being validated are for a deployed environment.

    Works in any field validator, because `environment` is the first field of every settings class.
    An environment that is itself invalid counts as deployed: doubt is refused.
    """
    environment = info.data.get("environment", Environment.PRODUCTION)
    return isinstance(environment, Environment) and environment.is_deployed


def _is_placeholder(value: object) -> bool:
    """Whether a template's word still stands where a value belongs, or a `${NAME}` that nothing has replaced."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return isinstance(text, str) and _PLACEHOLDER.search(text) is not None


class BaseGroup(BaseSettings):
    """What every group shares.

    Names are flat, so `DATABASE_URL` is `settings.database_url`. Values come from (strongest first)
    arguments, the environment, the file named by `NAME_FILE`, the file `.env` and the directory `SECRETS_DIR`. A
    service's settings class inherits the groups that it needs.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        case_sensitive=False,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    environment: Environment = Field(
        default=Environment.DEVELOPMENT,
        description="development, test, staging or production. The last two refuse unsafe values.",
    )
    debug: bool = Field(default=False, description="Echo SQL to the log. Never allowed in production.")
    data_dir: Path = Field(
        default=Path(".data"),
        description="Folder of everything the embedded adapters keep: the SQLite file, the made-up secret key.",
    )

    @field_validator("*", mode="before")
    @classmethod
    def _a_value_of_its_own(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, UnreadableFile):
            message = f"cannot be read from the file that {value.variable} names: {value.reason}"
            raise ValueError(message)  # noqa: TRY004 - what Pydantic collects
        if deployed(info) and _is_placeholder(value):
            raise ValueError(LEFT)
        return value

    @field_validator("debug")
    @classmethod
    def _no_debug_in_production(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic calls it
        if value and deployed(info):
            raise ValueError("must be off in production")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The order of precedence; `NAME_FILE` stands beside the environment it is read from."""
        local = getattr(dotenv_settings, "env_vars", {})
        return (
            init_settings,
            FlagVariables(settings_cls, local),
            env_settings,
            FileReferenceSource(settings_cls, local),
            dotenv_settings,
            file_secret_settings,
        )
