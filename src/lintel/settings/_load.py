"""Reading settings so that every fault is named at once, and no value is shown."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import pydantic_settings
from pydantic import ValidationError

from lintel.settings._base import BaseGroup
from lintel.settings._placeholders import placeholders_left

SettingsT = TypeVar("SettingsT", bound=BaseGroup)


class SettingsError(Exception):
    """The settings cannot be used.

    Attributes:
        faults: What is wrong, by the name of the environment variable. Never contains a value.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        self.faults = dict(faults)
        lines = "".join(f"\n  {name} {fault}" for name, fault in self.faults.items())
        super().__init__(f"the service cannot start with these settings:{lines}")


def load_settings(settings_cls: type[SettingsT], *, env_file: Path | None = Path(".env"), **values: Any) -> SettingsT:
    """Settings from their sources; arguments win over all of them.

    Args:
        settings_cls: The groups that the service uses, combined in one class.
        env_file: The file of local settings; None reads none.
        values: Settings by field name.

    Raises:
        SettingsError: At least one value is missing, invalid or unsafe; all of them are named.
    """
    folder = secrets_dir()
    if folder is not None and not folder.is_dir():
        raise SettingsError({"SECRETS_DIR": "names no folder that is there"})
    sources: dict[str, Any] = {"_env_file": env_file, "_secrets_dir": folder, **values}
    try:
        settings = settings_cls(**sources)
        faults = placeholders_left(settings_cls, env_file) if settings.environment.is_deployed else {}
    except ValidationError as error:
        faults = _faults(settings_cls, error)
        if _deployed(sources):
            faults = placeholders_left(settings_cls, env_file) | faults
        raise SettingsError(faults) from None
    except pydantic_settings.SettingsError as error:
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else "its value cannot be read"
        raise SettingsError({str(error): f"({reason})"}) from None
    except UnicodeDecodeError:
        # Its text would show the file's content.
        raise SettingsError({str(env_file): "is not UTF-8"}) from None
    if faults:
        raise SettingsError(faults)
    return settings


def secrets_dir() -> Path | None:
    """The directory named by `SECRETS_DIR`, with one file per secret setting, if there is one."""
    path = os.environ.get("SECRETS_DIR")
    return Path(path) if path else None


def _deployed(sources: dict[str, Any]) -> bool:
    """Whether faulty settings are for a deployed environment; when in doubt, yes."""
    shared = {name: value for name, value in sources.items() if name[0] == "_" or name in BaseGroup.model_fields}
    try:
        return BaseGroup(**shared).environment.is_deployed
    except ValidationError:
        return True


def _faults(settings_cls: type[BaseGroup], error: ValidationError) -> dict[str, str]:
    names = {_key(name, field.validation_alias): name for name, field in settings_cls.model_fields.items()}
    faults = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        key = str(item["loc"][0])
        message = item["msg"].removeprefix("Value error, ")
        faults[names.get(key, key).upper()] = message[0].lower() + message[1:]
    return faults


def _key(name: str, alias: Any) -> str:
    """The name under which Pydantic reports a field: its first alias."""
    return str(alias.choices[0]) if alias is not None else name
