"""Whatever an environment holds, the service starts or says in one error which setting is to blame."""

import os
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.core.config import Settings
from lintel.settings import SettingsError, load_settings
from lintel.settings._describe import names_of

NAMES = sorted(name for field, info in Settings.model_fields.items() for name in names_of(field, info))
SECRETS = sorted(name for name in NAMES if name.endswith(("_KEY", "_PASSWORD", "_URL")))
MARK = "Sesame-"
"""Not in any message of ours."""

values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60) | st.sampled_from(
    ["", " ", "-1", "0", "1e9", "nan", "true", "null", "[]", '["*"]', "*", "[::1]", "postgresql://u:p@h:x/d", "sqlite:"]
)


def blamed(environment: dict[str, str]) -> set[str]:
    """The settings that are named as faulty; none if the service can start."""
    with patch.dict(os.environ, environment):
        try:
            load_settings(Settings, env_file=None)
        except SettingsError as error:
            return set(error.faults) or {"nothing"}
    return set()


@pytest.mark.usefixtures("untouched_machine")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(environment=st.dictionaries(st.sampled_from(NAMES), values, max_size=6))
@example(environment={"DATABASE_URL": "postgresql://u:p@h:x/d", "REDIS_URL": "redis://:p@h:99999"})
def test_is_taken_or_refused_by_name(environment: dict[str, str]) -> None:
    assert blamed(environment) <= set(NAMES)


@pytest.mark.usefixtures("untouched_machine")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.sampled_from(SECRETS), value=values)
def test_of_a_secret_is_never_shown(name: str, value: str) -> None:
    with patch.dict(os.environ, {name: f"{MARK}{value}", "ENVIRONMENT": "production"}):
        with pytest.raises(SettingsError) as caught:  # hosts are missing, if nothing else
            load_settings(Settings, env_file=None)
        assert MARK not in str(caught.value)
        assert Path(".env").exists() is False
