"""`FLAG_NAME=true`: one flag by a variable of its own."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource

PREFIX = "flag_"


class FlagVariables(EnvSettingsSource):
    """Reads `FLAG_NAME`.

    Args:
        settings_cls: The settings.
        local: Lines of `.env`, by name in lower case; the environment wins over them.
    """

    def __init__(self, settings_cls: type[BaseSettings], local: Mapping[str, str | None]) -> None:
        super().__init__(settings_cls)
        self.env_vars = {**local, **self.env_vars}

    def __call__(self) -> dict[str, Any]:
        """All of them together with those of `FLAGS`, as that setting."""
        found = {
            name.lower().removeprefix(PREFIX): value
            for name, value in self.env_vars.items()
            if name.lower().startswith(PREFIX)
        }
        if not found or "flags" not in self.settings_cls.model_fields:
            return {}
        text = self.env_vars.get("flags") or "{}"
        try:
            together = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            return {"flags": text}  # refused with all other faults
        return {"flags": {**together, **found} if isinstance(together, dict) else text}
