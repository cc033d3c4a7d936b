"""Documentation that cannot drift from the code."""

import json
import tomllib
from pathlib import Path

import pytest

import app.core.exceptions  # noqa: F401 - so that the service's errors are known
from app.api.openapi import written
from app.core.config import Settings
from app.main import create_app
from lintel.contract import breaking_changes, judge
from lintel.errors import ServiceError, known_kinds, status_of
from lintel.settings import MIN_SECRET_LENGTH, example_env_file, load_settings
from tests.conftest import ROOT

DOCS = ROOT / "docs"
DOCUMENTS = ("openapi.baseline.json", "openapi.json")
OURS = [kind for kind in known_kinds() if kind.__module__.startswith(("lintel.", "app."))]


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.code)
def test_every_error_is_in_its_page(kind: type[ServiceError]) -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert f"| `{kind.code}` | {int(status_of(kind))} | {kind.meaning} |" in page


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in folder.glob("*.md") if page.name != "README.md" and page.name not in index] == []


def test_every_setting_says_what_it_does() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_example_of_settings_is_what_its_command_makes() -> None:
    shown = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert shown == example_env_file(Settings), "run: .venv/bin/python -m app settings --example > .env.example"


def test_the_committed_document_is_what_its_command_makes(tmp_path: Path) -> None:
    settings = load_settings(Settings, env_file=None, data_dir=tmp_path, secret_key="-" * MIN_SECRET_LENGTH)
    made = written(create_app(settings).openapi())
    # Not compared by pytest, which would take minutes to show where they differ.
    is_current = (DOCS / "openapi.json").read_text(encoding="utf-8") == made
    assert is_current, "run: make openapi"


def test_nothing_breaks_for_clients_of_the_last_release_but_what_is_meant() -> None:
    before, after = (json.loads((DOCS / name).read_text(encoding="utf-8")) for name in DOCUMENTS)
    reasons = tomllib.loads((DOCS / "openapi.breaks.toml").read_text(encoding="utf-8"))
    verdict = judge(breaking_changes(before, after), reasons)
    assert (verdict.unmeant, verdict.idle) == ((), ())


def test_every_test_that_the_architecture_page_names_is_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = {part.strip("`,") for part in page.split() if part.startswith("`tests/")}
    assert len(named) > 8
    assert [path for path in named if not (ROOT / path).exists()] == []
