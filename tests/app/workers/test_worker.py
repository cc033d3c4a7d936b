"""The worker of the service."""

import inspect

import pytest

import app.jobs
from app.jobs import SCHEDULES, PurgeJobs
from app.services.container import Services
from app.workers.worker import create_handlers, create_worker
from lintel.jobs import JobPayload, Worker
from tests.app.conftest import ServicesFactory
from tests.conftest import SettingsFactory

pytestmark = pytest.mark.anyio


async def test_every_job_has_a_handler(services: Services) -> None:
    ours = [
        kind
        for _, kind in inspect.getmembers(app.jobs, inspect.isclass)
        if issubclass(kind, JobPayload) and kind is not JobPayload
    ]
    assert ours
    assert sorted(create_handlers(services).kinds) == sorted(kind.kind for kind in ours)


async def test_every_schedule_has_a_handler_and_a_name_of_its_own(services: Services) -> None:
    assert {schedule.payload.kind for schedule in SCHEDULES} <= set(create_handlers(services).kinds)
    assert len({schedule.name for schedule in SCHEDULES}) == len(SCHEDULES)


@pytest.mark.parametrize(("queues", "taken"), [((), 1), (("other",), 0), (("other", "default"), 1)])
async def test_only_the_queues_that_are_set_are_served(
    make_services: ServicesFactory, make_settings: SettingsFactory, queues: tuple[str, ...], taken: int
) -> None:
    services = await make_services()
    await services.database.run(lambda session: services.queue.enqueue(session, PurgeJobs()))
    worker = create_worker(make_settings(jobs_queues=queues), services, None, grace=5)
    assert isinstance(worker, Worker)
    async with worker.serving():
        assert len(await worker.take(5)) == taken
