"""A template's word that still stands where a value belongs."""

import os
import re
from pathlib import Path

from pydantic_settings import BaseSettings, DotEnvSettingsSource

LEFT = "is a placeholder: put a value of your own in its place"
_WORD = re.compile(r"change[-_ ]?me", re.IGNORECASE)


def placeholders_left(settings_cls: type[BaseSettings], env_file: Path | None) -> dict[str, str]:
    """Faults by name: every line of `.env` and every variable of the environment that is nothing but a placeholder.

    Names of no setting are among them: a password of the database's container stands in the same file.
    """
    lines = DotEnvSettingsSource(settings_cls, env_file=env_file).env_vars
    return {
        name.upper(): LEFT
        for given in (lines, os.environ)
        for name, value in given.items()
        if value is not None and _WORD.fullmatch(value.strip())
    }
