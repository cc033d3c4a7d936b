"""Clients that are generated from the document pass their languages' type checkers and work."""

import re
import shutil
from pathlib import Path

import pytest

from tests.clients.tools import HERE, node_tools, python_tools, run
from tests.process.conftest import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # the first time, their tools are installed

STEPS = [
    *("register", "register_again", "log_in", "create_analyses", "list_to_the_end"),
    *("submit_a_batch", "submit_another_by_the_same_key", "wait_for_it", "read_its_results", "be_refused", "log_out"),
]


class TestPython:
    UNREAD = "WARNING parsing GET /api/v1/batches/{batch_id}/results within batches."
    """Lines of JSON have no type in what openapi-python-client makes; the rest of the operation has."""

    def test_passes_mypy_and_drives_the_service(self, server: ServerProcess, document: Path, tmp_path: Path) -> None:
        python = python_tools()
        generator = python.with_name("openapi-python-client")
        (tmp_path / "config.yml").write_text("post_hooks: []\n", encoding="utf-8")
        options = ("--meta", "none", "--config", "config.yml", "--output-path", "lintel_client")
        told = run(generator, "generate", "--path", document, *options, cwd=tmp_path)
        assert re.findall("^WARNING.*", told, re.MULTILINE) == [self.UNREAD]

        shutil.copy(HERE / "python" / "scenario.py", tmp_path)
        run(python, "-m", "mypy", "--strict", "--no-incremental", "scenario.py", cwd=tmp_path)
        assert run(python, "scenario.py", server.url, cwd=tmp_path).split() == STEPS


class TestTypeScript:
    def test_passes_tsc_and_drives_the_service(self, server: ServerProcess, document: Path, tmp_path: Path) -> None:
        (tmp_path / "node_modules").symlink_to(modules := node_tools())
        for name in ("package.json", "tsconfig.json", "scenario.ts"):
            shutil.copy(HERE / "typescript" / name, tmp_path)
        run(
            modules / ".bin" / "openapi-typescript",
            document,
            "--default-non-nullable",
            "false",
            "--output",
            "schema.d.ts",
            cwd=tmp_path,
        )
        run(modules / ".bin" / "tsc", "--project", ".", cwd=tmp_path)
        assert run("node", Path("built", "scenario.js"), server.url, cwd=tmp_path).split() == STEPS
