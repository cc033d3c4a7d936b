"""The memory of a server process, each time in a process of its own."""

import platform
import subprocess
import sys

import pytest

HASHES = """
import sys
from argon2.low_level import Type, hash_secret
from lintel.memory import return_large_blocks

def resident():
    status = open("/proc/self/status").read()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024

if sys.argv[1] == "returned":
    return_large_blocks()
before = resident()
for _ in range(3):
    hash_secret(b"Lovelace1815", b"salt of 16 bytes", 2, 19 * 1024, 1, 32, Type.ID)
print(resident() - before)
"""
COLLECTOR = """
import gc
from lintel.memory import COLLECT_AFTER, freeze_collector
freeze_collector()
assert gc.get_freeze_count() > 1_000
assert gc.get_threshold()[0] == COLLECT_AFTER
"""


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
@pytest.mark.parametrize(("how", "least", "most"), [("returned", -1, 5), ("kept", 15, 30)])
def test_the_memory_of_a_password_hash_is_given_back(how: str, least: int, most: int) -> None:
    assert least <= int(run(HASHES, how)) <= most


def test_what_lives_as_long_as_the_process_is_not_collected() -> None:
    run(COLLECTOR)
