"""The workflow that runs elsewhere: what it calls is here, and it can do no more than it must."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PROGRAMS_OF_TESTS = {"postgresql", "redis-server", "rabbitmq-server", "nginx", "gettext-base", "openssl"}


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))
    return content


CI = load("ci.yml")
COMMANDS = [step["run"] for job in CI["jobs"].values() for step in job["steps"] if "run" in step]
TARGETS = [command.removeprefix("make ") for command in COMMANDS if command.startswith("make ")]


class TestCommands:
    @pytest.mark.parametrize("target", TARGETS)
    def test_are_targets_that_help_lists(self, target: str) -> None:
        listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
        assert re.search(rf"^  make {target} +\S", listed.stdout, re.MULTILINE)
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, timeout=30, check=True)

    def test_are_make_but_for_the_programs_that_tests_need(self) -> None:
        [other] = [command for command in COMMANDS if not command.startswith("make ")]
        installed = other.partition("apt-get install ")[2].split()
        assert {word for word in installed if not word.startswith("-")} == PROGRAMS_OF_TESTS
        of_fresh_machines = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
        assert [package for package in PROGRAMS_OF_TESTS if package not in of_fresh_machines] == []

    def test_cover_all_that_is_run_before_a_commit_lands(self) -> None:
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        [check] = re.findall(r"^check: (.*?) ##", makefile, re.MULTILINE)
        assert set(check.split()) <= set(TARGETS)
        assert {"audit", "build", "smoke"} <= set(TARGETS)


class TestMatrix:
    def test_is_every_python_that_is_supported(self) -> None:
        supported = re.findall(r'"(3\.\d+)"', (ROOT / "scripts" / "check_locks.py").read_text(encoding="utf-8"))
        assert CI["jobs"]["tests"]["strategy"]["matrix"]["python"] == supported
        [locks] = [step["with"] for step in CI["jobs"]["locks"]["steps"] if "python-version" in step.get("with", {})]
        assert sorted(locks["python-version"].split(), key=lambda version: version.split(".")) == supported


class TestCaution:
    def test_nothing_may_be_written_and_nothing_runs_for_ever(self) -> None:
        assert CI["permissions"] == {}
        for job in CI["jobs"].values():
            assert job["permissions"] == {"contents": "read"}
            assert job["timeout-minutes"] <= 30

    def test_actions_are_githubs_own_and_pinned_by_commit(self) -> None:
        for workflow in WORKFLOWS:
            used = re.findall(r"uses: (.*)", workflow.read_text(encoding="utf-8"))
            assert used
            assert not [use for use in used if not re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)]

    def test_no_text_from_outside_reaches_a_shell(self) -> None:
        assert not [command for command in COMMANDS if "${{" in command]


def test_every_kind_of_dependency_is_looked_after() -> None:
    bot = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))
    kinds = {update["package-ecosystem"] for update in bot["updates"]}
    assert kinds == {"pip", "npm", "docker", "docker-compose", "github-actions"}
    assert all(update["schedule"]["interval"] == "weekly" and update["groups"] for update in bot["updates"])
