from pathlib import Path

import pytest

from lintel.pubsub import MemoryPubSub, PostgresPubSub, RedisPubSub, pubsub_of
from lintel.settings import Environment, LintelSettings, SettingsError, load_settings

REDIS = "redis://localhost:6379/0"
POSTGRES = "postgresql://localhost/words"


def settings(tmp_path: Path, **values: object) -> LintelSettings:
    return load_settings(
        LintelSettings, env_file=None, environment=Environment.DEVELOPMENT, data_dir=tmp_path, **values
    )


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, MemoryPubSub),
        ({"database_url": "sqlite:///x.db"}, MemoryPubSub),
        ({"database_url": POSTGRES}, PostgresPubSub),
        ({"redis_url": REDIS}, RedisPubSub),
        ({"database_url": POSTGRES, "redis_url": REDIS, "workers": 2}, RedisPubSub),
        (
            {"database_url": POSTGRES, "workers": 2, "rate_limit_per_minute": 0, "enable_caching": False},
            PostgresPubSub,
        ),
    ],
)
def test_the_settings_say_who_carries(tmp_path: Path, values: dict[str, object], kind: type) -> None:
    assert type(pubsub_of(settings(tmp_path, **values))) is kind


def test_several_processes_that_would_not_hear_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"WORKERS must be 1 without a REDIS_URL: .* channels"):
        settings(tmp_path, workers=2, rate_limit_per_minute=0, enable_caching=False)
