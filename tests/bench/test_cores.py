"""The server has a core to itself."""

import os

import pytest

from bench.harness.cores import Cores, pin

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity on this system")


class TestCores:
    def test_are_two_different_ones(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 3, 4})
        assert Cores.of_this_machine() == Cores(server=3, others=4)

    def test_are_nobodys_where_there_is_only_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
        assert Cores.of_this_machine() == Cores(server=None, others=None)


class TestPin:
    def test_keeps_this_process_on_one_core(self) -> None:
        before = os.sched_getaffinity(0)
        try:
            pin(min(before))
            assert os.sched_getaffinity(0) == {min(before)}
        finally:
            os.sched_setaffinity(0, before)

    def test_does_nothing_without_a_core(self) -> None:
        before = os.sched_getaffinity(0)
        pin(None)
        assert os.sched_getaffinity(0) == before
