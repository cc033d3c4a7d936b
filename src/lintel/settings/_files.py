"""`NAME_FILE=/path`: a setting read from a file, as container platforms hand out secrets."""

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource


class FileReferenceSource(EnvSettingsSource):
    """Reads the file that `NAME_FILE` names, without its last line break.

    Raises:
        pydantic_settings.SettingsError: The file cannot be read. The message names the setting, not the content.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The text of the file named for this field under any of its names, or None."""
        candidates = self._extract_field_info(field, field_name)
        for key, env_name, is_complex in candidates:
            path = self.env_vars.get(f"{env_name}_file")
            if path:
                return Path(path).read_text(encoding="utf-8").rstrip("\r\n"), key, is_complex
        return None, candidates[0][0], False
