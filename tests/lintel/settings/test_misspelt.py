from pathlib import Path

import pytest

from app.core.config import Settings
from lintel.settings import misspelt_names


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / "local.env"


class TestMisspeltNames:
    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            ("DATABSE_URL", "DATABASE_URL"),
            ("DATABASE_URI", "DATABASE_URL"),
            ("SECRETKEY", "SECRET_KEY"),
            ("secret_keys", "SECRET_KEY"),
            ("ALOWED_HOSTS", "ALLOWED_HOSTS"),
            ("WEB_CONCURENCY", "WEB_CONCURRENCY"),
            ("SECRET_KEY_FLE", "SECRET_KEY_FILE"),
            ("RATE_LIMITS_PER_MINUTE", "RATE_LIMIT_PER_MINUTE"),
        ],
    )
    def test_are_told_with_the_setting_that_is_meant(self, env_file: Path, name: str, meant: str) -> None:
        env_file.write_text(f"PORT=81\n{name}=x\n")
        assert misspelt_names(Settings, env_file=env_file) == {name.upper(): meant}

    @pytest.mark.parametrize(
        "name", ["PORT", "port", "API_TITLE", "SECRET_KEY_FILE", "POSTGRES_PASSWORD", "HOSTNAME", "X", "NODE_ENV"]
    )
    def test_are_neither_settings_nor_the_names_of_others(self, env_file: Path, name: str) -> None:
        env_file.write_text(f"{name}=x\n")
        assert misspelt_names(Settings, env_file=env_file) == {}

    def test_are_none_where_there_is_no_file(self, env_file: Path) -> None:
        assert misspelt_names(Settings, env_file=env_file) == {}
        assert misspelt_names(Settings, env_file=None) == {}
