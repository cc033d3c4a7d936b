"""A worker is measured between two of its jobs, and has to have done them all."""

import os
import sys
from pathlib import Path

import pytest

from bench.harness.cores import Cores
from bench.harness.load import WrongAnswerError
from bench.harness.queues import Program, measure
from bench.peers.program import MARK, NOTHING, names

ANYWHERE = Cores(None, None)


def program(queue: Path) -> Program:
    return Program(python=Path(sys.executable), module="tests.bench.queue_program", url=str(queue), pid=os.getpid())


def test_jobs_are_those_to_get_warm_with_and_those_between_two_marks() -> None:
    assert list(names(2, 3)) == [NOTHING, NOTHING, MARK, NOTHING, NOTHING, NOTHING, MARK]


class TestMeasure:
    def test_tells_the_cpu_of_each_job_between_the_marks(self, tmp_path: Path) -> None:
        sample = measure(program(tmp_path / "queue.0"), warm=5, count=20, cores=ANYWHERE)
        assert 9_000 < sample.server < 20_000
        assert sample.beside is not None

    def test_refuses_a_program_that_left_jobs_undone(self, tmp_path: Path) -> None:
        with pytest.raises(WrongAnswerError, match="left 3 of 2 jobs"):
            measure(program(tmp_path / "queue.3"), warm=1, count=1, cores=ANYWHERE)

    def test_quotes_a_program_that_fails(self, tmp_path: Path) -> None:
        with pytest.raises(WrongAnswerError, match="the queue cannot be written"):
            measure(program(tmp_path / "unwritable.0"), warm=1, count=1, cores=ANYWHERE)
