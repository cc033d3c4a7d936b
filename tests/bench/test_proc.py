"""What a process has used, as the kernel tells it."""

import os
import subprocess
import sys
import time

import pytest

from bench.harness.proc import cpu_seconds, memory, shared_objects

BUSY = "import time\nwhile time.process_time() < 0.4: pass\n"


class TestCpuSeconds:
    def test_counts_children_that_run_and_children_that_ended(self) -> None:
        before = cpu_seconds(os.getpid())
        with subprocess.Popen([sys.executable, "-c", BUSY]) as ended:
            ended.wait(60)
        with subprocess.Popen([sys.executable, "-c", f"{BUSY}input()"], stdin=subprocess.PIPE) as child:
            deadline = time.monotonic() + 60
            while cpu_seconds(child.pid) < 0.3 and time.monotonic() < deadline:
                time.sleep(0.01)
            spent = cpu_seconds(os.getpid()) - before
            child.kill()
        assert spent >= 0.6

    def test_refuses_a_process_that_is_gone(self) -> None:
        with subprocess.Popen([sys.executable, "-c", ""]) as process:
            process.wait(60)
        with pytest.raises(ProcessLookupError):
            cpu_seconds(process.pid)


class TestMemory:
    def test_is_what_is_resident_in_megabytes(self) -> None:
        before = memory(os.getpid())
        held = bytearray(os.urandom(1)) * (64 * 1024 * 1024)
        after = memory(os.getpid())
        assert 60 < after.rss - before.rss < 80
        assert after.pss <= after.rss
        assert held


class TestSharedObjects:
    def test_are_those_of_the_modules_loaded(self) -> None:
        import uvloop.loop  # noqa: PLC0415 - a module that is surely a shared object

        assert os.path.basename(str(uvloop.loop.__file__)) in shared_objects(os.getpid())  # noqa: PTH119 - a name
