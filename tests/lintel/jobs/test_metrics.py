import pytest
from prometheus_client import CollectorRegistry

from lintel.jobs import JobFailed, JobMetrics, JobStatus, RunningJob
from tests.lintel.jobs.conftest import Aside, Note, Office

pytestmark = pytest.mark.anyio


async def test_attempts_are_counted_by_kind_and_outcome(office: Office) -> None:
    async def act(note: Note, job: RunningJob) -> None:
        if note.text == "bad":
            raise JobFailed("BAD", "It is bad.")
        if note.text == "late" and job.attempt == 1:
            raise OSError

    office.scribe.act = act
    registry = CollectorRegistry()
    await office.start(metrics=JobMetrics(registry))
    good, late, bad = await office.add(Note(), Note(text="late"), Note(text="bad"))
    await office.done(good)
    await office.done(late)
    await office.until_status(bad, JobStatus.ERROR)

    def counted(outcome: str) -> float | None:
        return registry.get_sample_value("job_attempts_total", {"kind": "note", "outcome": outcome})

    await office.until(lambda: [counted(one) for one in ("completed", "retried", "error")] == [2, 1, 1])
    assert registry.get_sample_value("job_duration_seconds_count", {"kind": "note"}) == 4


async def test_depth_is_measured_by_queue_and_status(office: Office) -> None:
    registry = CollectorRegistry()
    metrics = JobMetrics(registry)
    await office.add(Note(), Note(), Aside())
    await office.start(queues=["elsewhere"], metrics=metrics)

    def depth(queue: str) -> float | None:
        return registry.get_sample_value("job_queue_depth", {"queue": queue, "status": "pending"})

    await office.until(lambda: (depth("default"), depth("aside")) == (2, 1))
    metrics.measure([("aside", "pending", 4)])
    assert (depth("default"), depth("aside")) == (0, 4)
