"""A table of every setting: what it means, its default, and where its present value comes from."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import (
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
)

from lintel.settings._base import BaseGroup
from lintel.settings._files import FileReferenceSource
from lintel.settings._load import secrets_dir

MASK = "********"


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """One setting.

    Attributes:
        group: The class that declares it.
        names: Environment variables that set it, the usual one first.
        meaning: Its effect.
        default: Its default as text.
        value: Its present value as text; secrets are masked.
        source: Where the value comes from: `environment`, `NAME_FILE`, `.env`, `SECRETS_DIR` or `default`.
    """

    group: str
    names: tuple[str, ...]
    meaning: str
    default: str
    value: str
    source: str


def describe_settings(settings: BaseGroup, *, env_file: Path | None = Path(".env")) -> list[SettingDescription]:
    """Every setting of a settings object, group by group in the order in which its class names them."""
    cls = type(settings)
    found = {source: set(read()) for source, read in _sources(cls, env_file).items()}
    return [
        SettingDescription(
            group=_group_of(cls, name),
            names=names_of(name, field),
            meaning=field.description or "",
            default=_text(field.get_default(call_default_factory=True, validated_data={})),
            value=_text(getattr(settings, name)),
            source=_source_of(name, field, found),
        )
        for name, field in sorted(cls.model_fields.items(), key=lambda item: _place_of(cls, item[0]))
    ]


def _sources(cls: type[BaseGroup], env_file: Path | None) -> dict[str, PydanticBaseSettingsSource]:
    dotenv = DotEnvSettingsSource(cls, env_file=env_file)
    return {
        "environment": EnvSettingsSource(cls),
        "NAME_FILE": FileReferenceSource(cls, dotenv.env_vars),
        ".env": dotenv,
        "SECRETS_DIR": SecretsSettingsSource(cls, secrets_dir=secrets_dir()),
    }


def _source_of(name: str, field: FieldInfo, found: dict[str, set[str]]) -> str:
    keys = {name, *_aliases(field)}
    return next((source for source, present in found.items() if keys & present), "default")


def _aliases(field: FieldInfo) -> tuple[str, ...]:
    alias = field.validation_alias
    return tuple(str(choice) for choice in alias.choices) if isinstance(alias, AliasChoices) else ()


def names_of(name: str, field: FieldInfo) -> tuple[str, ...]:
    """The environment variables that set a field, the usual one first."""
    return tuple(dict.fromkeys([name.upper(), *_aliases(field)]))


def _group_of(cls: type[BaseGroup], name: str) -> str:
    return next(base.__name__ for base in reversed(cls.__mro__) if name in getattr(base, "__annotations__", {}))


def _place_of(cls: type[BaseGroup], name: str) -> int:
    """What every group shares comes first; sorting keeps the order within a group."""
    names = [base.__name__ for base in cls.__mro__]
    group = _group_of(cls, name)
    return -1 if group == BaseGroup.__name__ else names.index(group)


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
