"""Names in `.env` that nobody reads."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from pydantic_settings import DotEnvSettingsSource

from lintel.settings._base import BaseGroup
from lintel.settings._describe import names_of

LIKENESS = 0.84
"""How much of a name must agree with a setting's for the two to be taken for one; found by trying typing errors."""


def misspelt_names(settings_cls: type[BaseGroup], *, env_file: Path | None = Path(".env")) -> dict[str, str]:
    """Names in the file that look like a setting's but are none, each with the setting they resemble most.

    Names of other programs, which may share the file, are left alone.
    """
    known = {name.lower(): name for name in _known(settings_cls)}
    found: dict[str, str] = {}
    for name in DotEnvSettingsSource(settings_cls, env_file=env_file).env_vars:
        if name not in known:
            found |= {name.upper(): known[like] for like in get_close_matches(name, known, 1, LIKENESS)}
    return found


def _known(settings_cls: type[BaseGroup]) -> Iterator[str]:
    for field_name, field in settings_cls.model_fields.items():
        for name in names_of(field_name, field):
            yield name
            yield f"{name}_FILE"
