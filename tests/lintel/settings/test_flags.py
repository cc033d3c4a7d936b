from pathlib import Path

import pytest

from lintel.settings import LintelSettings, SettingsError, load_settings


@pytest.fixture
def local(tmp_path: Path) -> Path:
    path = tmp_path / "local.env"
    path.write_text('FLAGS={"a": true, "b": true}\nFLAG_B=false\nFLAG_C=off\n')
    return path


class TestFlags:
    def test_there_are_none_unless_set(self) -> None:
        assert load_settings(LintelSettings, env_file=None).flags == {}

    def test_come_together_from_both_places(self, local: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FLAG_C", "1")
        monkeypatch.setenv("FLAG_NEW_EDITOR", "true")
        found = load_settings(LintelSettings, env_file=local).flags
        assert found == {"a": True, "b": False, "c": True, "new_editor": True}

    @pytest.mark.parametrize(("name", "value"), [("FLAG_A", "maybe"), ("FLAGS", '{"a": "x"}'), ("FLAGS", "[1]")])
    def test_that_cannot_be_read_are_a_fault(self, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(SettingsError) as refused:
            load_settings(LintelSettings, env_file=None)
        assert list(refused.value.faults) == ["FLAGS"]
