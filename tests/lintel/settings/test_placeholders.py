from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings

Read = Callable[..., Settings]
Faults = Callable[..., dict[str, str]]

FAULT = "is a placeholder: put a value of your own in its place"


class TestPlaceholdersLeft:
    @pytest.mark.parametrize("environment", ["staging", "production"])
    def test_refused_in_lines_of_other_programs_too(
        self, faults: Faults, deployable: dict[str, str], untouched_machine: Path, environment: str
    ) -> None:
        (untouched_machine / ".env").write_text("POSTGRES_PASSWORD=change-me\nredis_password='CHANGE_ME'\nOTHER\n")
        found = faults(**{**deployable, "ENVIRONMENT": environment})
        assert found == {"POSTGRES_PASSWORD": FAULT, "REDIS_PASSWORD": FAULT}

    def test_refused_in_the_environment_which_is_all_that_a_container_sees(
        self, faults: Faults, deployable: dict[str, str]
    ) -> None:
        assert faults(**deployable, POSTGRES_PASSWORD="change-me") == {"POSTGRES_PASSWORD": FAULT}

    @pytest.mark.parametrize("environment", ["production", "nowhere"])
    def test_named_together_with_all_other_faults(
        self, faults: Faults, deployable: dict[str, str], untouched_machine: Path, environment: str
    ) -> None:
        (untouched_machine / ".env").write_text("POSTGRES_PASSWORD=change-me\n")
        found = faults(**{**deployable, "ENVIRONMENT": environment, "PORT": "http"})
        assert found.keys() - {"ENVIRONMENT"} == {"POSTGRES_PASSWORD", "PORT"}

    def test_left_alone_within_longer_values_and_where_nobody_else_comes(
        self, read: Read, deployable: dict[str, str], untouched_machine: Path
    ) -> None:
        (untouched_machine / ".env").write_text("POSTGRES_PASSWORD=change-me\n")
        assert read(ENVIRONMENT="development").port == 8000
        (untouched_machine / ".env").write_text("NOTE=do not change meals\n")
        assert read(**deployable).port == 8000
