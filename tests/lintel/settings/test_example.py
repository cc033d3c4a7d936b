import re
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from app.core.config import Settings
from lintel.settings import BaseGroup, StringList, example_env_file, load_settings


class Difficult(BaseGroup):
    """Defaults that need care."""

    two_lines: str = Field(default='a "quoted" word\nand a back\\slash # no comment', description="Two lines.")
    names: StringList = Field(default=("a", "b c"), description="Several. " * 30)
    word: Literal["x", "y"] = Field(default="x", description="One of two.")
    nothing: str = Field(default="", description="Empty.")


def uncommented(text: str) -> str:
    """The example with every setting put in force."""
    return re.sub(r"^#(?=[A-Z])", "", text, flags=re.MULTILINE)


class TestExampleEnvFile:
    def test_has_every_setting_once_under_its_meaning(self) -> None:
        text = example_env_file(Settings)
        assert re.findall(r"^#([A-Z0-9_]+)=", text, re.MULTILINE) != []
        assert sorted(re.findall(r"^#([A-Z0-9_]+)=", text, re.MULTILINE)) == sorted(
            name.upper() for name in Settings.model_fields
        )
        assert "\n# Number of server processes. Also: WEB_CONCURRENCY.\n#WORKERS=1\n" in text

    def test_has_groups_under_their_titles(self) -> None:
        titles = re.findall(r"^# ---- (.+)$", example_env_file(Settings), re.MULTILINE)
        assert titles[0] == "What every group shares."
        assert "How the server process listens and stops." in titles
        assert len(titles) == len(set(titles))

    def test_changes_nothing_when_it_is_copied(self) -> None:
        lines = example_env_file(Settings).splitlines()
        assert [line for line in lines if line and not line.startswith("#")] == []

    @pytest.mark.parametrize("settings_cls", [Settings, Difficult])
    def test_says_the_defaults(self, settings_cls: type[BaseGroup], tmp_path: Path) -> None:
        path = tmp_path / "example.env"
        path.write_text(uncommented(example_env_file(settings_cls)), encoding="utf-8")
        assert load_settings(settings_cls, env_file=path) == load_settings(settings_cls, env_file=None)

    def test_does_not_look_at_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = example_env_file(Settings)
        monkeypatch.setenv("APP_NAME", "Mine")
        monkeypatch.setenv("PORT", "no number")
        assert example_env_file(Settings) == before

    def test_keeps_lines_short_where_it_can(self) -> None:
        assert max(len(line) for line in example_env_file(Difficult).splitlines() if line.startswith("# ")) <= 120
