from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from lintel.settings import SettingsError, load_settings

DEPLOYABLE = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA",
    "ALLOWED_HOSTS": "api.lintel.test",
    "MAIL_URL": "smtp://mail.lintel.test",
}
"""The least that a deployed service must set."""

REDIS_URL = "redis://redis.test:6379/0"
SECRET = DEPLOYABLE["SECRET_KEY"]
DEPLOYED = pytest.mark.parametrize("environment", ["production", "staging"])
UNDEPLOYED = pytest.mark.parametrize("environment", ["development", "test"])

Read = Callable[..., Settings]
Faults = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def untouched_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A working directory without `.env`."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """The settings that these environment variables make."""

    def read_with(**variables: str) -> Settings:
        for name, text in variables.items():
            monkeypatch.setenv(name, text)
        return load_settings(Settings)

    return read_with


@pytest.fixture
def faults(read: Read) -> Faults:
    """What is refused about these environment variables, by name."""

    def faults_of(**variables: str) -> dict[str, str]:
        with pytest.raises(SettingsError) as refused:
            read(**variables)
        return refused.value.faults

    return faults_of


@pytest.fixture
def deployable() -> dict[str, str]:
    return dict(DEPLOYABLE)
