"""`NAME_FILE=/path`: a setting read from a file, as container platforms hand out secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """Stands for a value that could not be read, until validation names it with all other faults."""

    variable: str
    reason: str


class FileReferenceSource(EnvSettingsSource):
    """Reads the file that `NAME_FILE` names, without its last line break.

    Args:
        settings_cls: The settings.
        local: Lines of `.env`, by name in lower case; the environment wins over them.
    """

    def __init__(self, settings_cls: type[BaseSettings], local: Mapping[str, str | None]) -> None:
        super().__init__(settings_cls)
        self.env_vars = {**local, **self.env_vars}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The text of the file named for this field under any of its names, or None."""
        candidates = self._extract_field_info(field, field_name)
        for key, env_name, is_complex in candidates:
            variable = f"{env_name}_file"
            path = self.env_vars.get(variable)
            if path:
                return _read(Path(path), variable.upper()), key, is_complex
        return None, candidates[0][0], False


def _read(path: Path, variable: str) -> str | UnreadableFile:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        return UnreadableFile(variable, error.strerror or "it cannot be opened")
    except UnicodeDecodeError:
        return UnreadableFile(variable, "it is not UTF-8")
