"""What generates clients is pinned by hash, and comes from wherever its user gets packages."""

import json
import re

import pytest

from tests.clients.tools import HERE
from tests.conftest import ROOT

NPM = HERE / "typescript" / "package-lock.json"


def test_the_python_generator_is_pinned_by_hash() -> None:
    lock = (ROOT / "requirements" / "clients.lock").read_text(encoding="utf-8")
    assert re.search(r"^openapi-python-client==\S+ \\\n    --hash=sha256:", lock, re.MULTILINE)


def test_every_package_of_npm_is_pinned_by_hash() -> None:
    packages = json.loads(NPM.read_text(encoding="utf-8"))["packages"]
    assert len(packages) > 20
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


@pytest.mark.parametrize("name", ["package.json", "package-lock.json"])
def test_no_address_ties_anybody_to_a_host(name: str) -> None:
    assert "://" not in (HERE / "typescript" / name).read_text(encoding="utf-8"), "run: make lock"
