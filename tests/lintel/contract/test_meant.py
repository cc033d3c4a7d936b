"""Breaks with a reason, breaks without, reasons without a break; and the command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from lintel.contract import judge
from lintel.contract.__main__ import main

BEFORE: dict[str, Any] = {"paths": {"/a": {"get": {"responses": {}}}, "/b": {"get": {"responses": {}}}}}
AFTER: dict[str, Any] = {"paths": {}}


class TestJudge:
    def test_tells_what_is_meant_from_what_is_not(self) -> None:
        verdict = judge(["a", "b"], {"a": "Nobody used it."})
        assert (verdict.meant, verdict.unmeant, verdict.idle, verdict.is_fine) == (("a",), ("b",), (), False)

    def test_finds_reasons_for_what_breaks_nothing(self) -> None:
        verdict = judge(["a"], {"a": "Nobody used it.", "c": "Long ago."})
        assert (verdict.idle, verdict.is_fine) == (("c",), False)

    def test_takes_no_blank_for_a_reason(self) -> None:
        verdict = judge(["a"], {"a": " "})
        assert (verdict.unmeant, verdict.idle) == (("a",), ("a",))

    def test_is_content_when_all_is_meant(self) -> None:
        assert judge(["a"], {"a": "Nobody used it."}).is_fine
        assert judge([], {}).is_fine


class TestCommand:
    @pytest.fixture
    def files(self, tmp_path: Path) -> list[str]:
        paths = []
        for name, document in (("before", BEFORE), ("after", AFTER)):
            path = tmp_path / f"{name}.json"
            path.write_text(json.dumps(document), encoding="utf-8")
            paths.append(str(path))
        return paths

    def run(self, *arguments: str) -> tuple[int, str]:
        command = typer.Typer()
        command.command()(main)
        done = CliRunner().invoke(command, arguments)
        return done.exit_code, done.output

    def meant(self, folder: str, text: str) -> str:
        path = Path(folder).with_name("meant.toml")
        path.write_text(text, encoding="utf-8")
        return str(path)

    def test_names_every_break(self, files: list[str]) -> None:
        assert self.run(*files) == (1, "breaks: GET /a: is gone\nbreaks: GET /b: is gone\n")

    def test_says_why_what_is_meant_is_meant(self, files: list[str]) -> None:
        meant = self.meant(files[0], '"GET /a: is gone" = "Nobody used it."\n"GET /b: is gone" = "Nor this."\n')
        assert self.run(*files, "--meant", meant) == (
            0,
            (
                "meant: GET /a: is gone (Nobody used it.)\nmeant: GET /b: is gone (Nor this.)\n"
                "Nothing breaks but what is meant (2).\n"
            ),
        )

    def test_ends_with_one_for_a_reason_without_a_break(self, files: list[str]) -> None:
        meant = self.meant(files[0], '"GET /c: is gone" = "Long ago."\n')
        assert self.run(files[0], files[0], "--meant", meant) == (
            1,
            "breaks nothing, or has no reason: GET /c: is gone\n",
        )

    def test_is_a_module_to_run(self, files: list[str]) -> None:
        command = [sys.executable, "-m", "lintel.contract", files[1], files[0]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout == "Nothing breaks but what is meant (0).\n"
