"""Environments for what cannot share ours are made once, from a lock, and only when that is asked for."""

import re
import subprocess
from pathlib import Path

import pytest

from bench.cases.jobs import PEERS
from bench.harness.venvs import LOCKS, NotInstalledError, python_of


class TestPythonOf:
    def test_is_made_once_for_a_lock(self, tmp_path: Path) -> None:
        lock = tmp_path / "empty.lock"
        lock.write_text("# nothing\n", encoding="utf-8")
        python = python_of("empty", may_install=True, folder=tmp_path, locks=tmp_path)
        done = subprocess.run(
            [python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True
        )
        assert Path(done.stdout.strip()) == python.parent.parent
        assert python_of("empty", may_install=False, folder=tmp_path, locks=tmp_path) == python
        lock.write_text("# something else\n", encoding="utf-8")
        with pytest.raises(NotInstalledError, match="empty is not installed"):
            python_of("empty", may_install=False, folder=tmp_path, locks=tmp_path)

    def test_says_what_is_wrong_with_a_lock_and_leaves_nothing_that_looks_whole(self, tmp_path: Path) -> None:
        (tmp_path / "broken.lock").write_text("a-name-without-a-hash==1\n", encoding="utf-8")
        for _ in range(2):
            with pytest.raises(NotInstalledError, match=r"^broken\.lock could not be installed: .+"):
                python_of("broken", may_install=True, folder=tmp_path, locks=tmp_path)


@pytest.mark.parametrize("peer", [peer.module for peer in PEERS])
def test_every_peer_has_a_lock_that_pins_it_by_hash(peer: str) -> None:
    lock = (LOCKS / f"peer-{peer}.lock").read_text(encoding="utf-8")
    assert re.search(rf"^{peer}==\S+ \\\n    --hash=sha256:", lock, re.MULTILINE)
