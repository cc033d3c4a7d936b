from typing import ClassVar

import pytest

from lintel.jobs import Handlers, JobPayload, RunningJob
from tests.lintel.jobs.conftest import Note


@pytest.mark.parametrize(
    "bad",
    [{"kind": "No Kind"}, {"queue": ""}, {"max_attempts": 0}, {"timeout": 0}, {"concurrency": 0}, {"priority": 9_999}],
)
def test_what_no_worker_could_keep_to_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        type("Bad", (JobPayload,), {"__module__": __name__, "kind": "fine", **bad})


def test_fields_of_a_newer_version_are_passed_by() -> None:
    assert Note.model_validate({"text": "x", "newer": 1}) == Note(text="x")


def test_a_base_needs_no_kind() -> None:
    class Base(JobPayload):
        queue: ClassVar[str] = "slow"

    class Leaf(Base):
        kind = "leaf"

    assert Leaf.queue == "slow"


def test_a_kind_has_one_handler() -> None:
    async def handle(note: Note, job: RunningJob) -> None: ...

    with pytest.raises(ValueError, match="note already"):
        Handlers().bind(Note, handle).bind(Note, handle)
