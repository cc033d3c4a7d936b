from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.config import Settings
from lintel.settings import SecuritySettings, describe_settings, resolve_secret_key

Read = Callable[..., Settings]
Faults = Callable[..., dict[str, str]]

PLACEHOLDER = "is a placeholder: put a value of your own in its place"
SECRET = "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA"
OLD, OLDER = SECRET[::-1], SECRET.swapcase()
DEPLOYED = pytest.mark.parametrize("environment", ["production", "staging"])
UNDEPLOYED = pytest.mark.parametrize("environment", ["development", "test"])


class TestSecuritySettings:
    @DEPLOYED
    def test_a_secret_has_at_least_32_characters(
        self, read: Read, faults: Faults, deployable: dict[str, str], environment: str
    ) -> None:
        deployable["ENVIRONMENT"] = environment
        assert faults(**{**deployable, "SECRET_KEY": SECRET[:31]}) == {"SECRET_KEY": "must be at least 32 characters"}
        assert read(**deployable).secret_key == SecretStr(SECRET[:32])

    def test_a_short_secret_is_refused_in_development_too(self, faults: Faults) -> None:
        assert list(faults(SECRET_KEY=SECRET[:31])) == ["SECRET_KEY"]

    @pytest.mark.parametrize("environment", ["test", "staging", "production"])
    @pytest.mark.parametrize("text", [None, "", "  "])
    def test_a_missing_secret_is_refused_outside_of_development(
        self, faults: Faults, deployable: dict[str, str], environment: str, text: str | None
    ) -> None:
        del deployable["SECRET_KEY"]
        given = {} if text is None else {"SECRET_KEY": text}
        found = faults(**{**deployable, "ENVIRONMENT": environment, **given})
        assert list(found) == ["SECRET_KEY"]
        assert found["SECRET_KEY"].startswith("is required; make one: ")

    @DEPLOYED
    @pytest.mark.parametrize(
        "secret",
        [
            "x" * 64,
            "abcabcabcabcabcabcabcabcabcabcabcabc",
            "123456789" * 5,
            f"changeme-{SECRET}",
            f"ChangeMe-{SECRET}",
            f"change-me-{SECRET}",
            f"CHANGE_ME_{SECRET}",
            f"your-secret-{SECRET}",
            f"your_secret_{SECRET}",
            f"super-secret-key-{SECRET}",
            f"{SECRET}.example",
        ],
    )
    def test_a_placeholder_is_refused_where_deployed(
        self, faults: Faults, deployable: dict[str, str], environment: str, secret: str
    ) -> None:
        found = faults(**{**deployable, "ENVIRONMENT": environment, "SECRET_KEY": secret})
        assert found == {"SECRET_KEY": PLACEHOLDER}

    def test_ten_different_characters_are_no_placeholder(self, read: Read, deployable: dict[str, str]) -> None:
        deployable["SECRET_KEY"] = "0123456789" * 4
        assert read(**deployable).secret_key == SecretStr("0123456789" * 4)

    @UNDEPLOYED
    def test_a_placeholder_does_elsewhere(self, read: Read, environment: str) -> None:
        settings = read(ENVIRONMENT=environment, SECRET_KEY="changeme" * 4)
        assert settings.secret_key == SecretStr("changeme" * 4)

    @pytest.mark.parametrize("name", ["JWT_ISSUER", "JWT_AUDIENCE"])
    def test_tokens_name_somebody(self, faults: Faults, name: str) -> None:
        assert list(faults(**{name: ""})) == [name]


class TestSecretKeys:
    def test_are_the_present_one_and_those_before_it(self, read: Read) -> None:
        settings = read(SECRET_KEY=SECRET, SECRET_KEY_PREVIOUS=f"{OLD}, {OLDER}")
        assert settings.secret_keys == (SECRET, OLD, OLDER)
        assert resolve_secret_key(settings) == SECRET

    @pytest.mark.parametrize("previous", ["", " ", "[]", SECRET])
    def test_are_one_where_there_is_no_other_before_it(self, read: Read, previous: str) -> None:
        assert read(SECRET_KEY=SECRET, SECRET_KEY_PREVIOUS=previous).secret_keys == (SECRET,)

    def test_may_hold_a_comma(self, read: Read) -> None:
        odd = f"{OLD},{OLDER[:5]}"
        assert read(SECRET_KEY=SECRET, SECRET_KEY_PREVIOUS=f'["{odd}"]').secret_keys == (SECRET, odd)

    def test_are_read_from_a_file_as_well(self, read: Read, untouched_machine: Path) -> None:
        (untouched_machine / "old").write_text(f"{OLD}\n")
        assert read(SECRET_KEY=SECRET, SECRET_KEY_PREVIOUS_FILE="old").secret_keys == (SECRET, OLD)

    def test_begin_with_the_one_that_was_made_where_none_is_set(self, tmp_path: Path) -> None:
        settings = SecuritySettings(data_dir=tmp_path / "data", secret_key_previous=(SecretStr(OLD),))
        made, *others = settings.secret_keys
        assert (tmp_path / "data" / "secret_key").read_text() == made
        assert others == [OLD]

    def test_a_weak_one_is_refused_though_it_only_verifies(self, faults: Faults, deployable: dict[str, str]) -> None:
        assert faults(SECRET_KEY_PREVIOUS=f"{OLD},{OLDER[:31]}") == {
            "SECRET_KEY_PREVIOUS": 'must be at least 32 characters; one with a comma is written in JSON: ["…"]'
        }
        assert faults(**deployable, SECRET_KEY_PREVIOUS="x" * 64) == {"SECRET_KEY_PREVIOUS": PLACEHOLDER}

    def test_are_shown_nowhere(self, read: Read) -> None:
        settings = read(SECRET_KEY=SECRET, SECRET_KEY_PREVIOUS=OLD)
        assert OLD not in f"{settings!r} {settings.model_dump_json()} {describe_settings(settings)}"
