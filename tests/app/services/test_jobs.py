"""Jobs, without HTTP."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select

from app.core.enums import UserRole
from app.core.exceptions import JobNotFailed, JobNotFound, JobOver
from app.models import Job
from app.schemas.jobs import JobQuery, JobScope
from app.services.container import Services
from lintel.db import utc_now
from lintel.errors import AlreadyExists, PermissionDenied
from lintel.security import Principal
from tests.app.conftest import ServicesFactory, add_user, principal_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada(services: Services) -> Principal:
    return principal_of(await add_user(services))


@pytest.fixture
async def root(services: Services) -> Principal:
    return principal_of(await add_user(services, "root@example.com", UserRole.ADMIN))


async def add(services: Services, owner: Principal | None = None, **values: Any) -> UUID:
    usual: dict[str, Any] = {"kind": "demo", "payload": {}, "owner_id": None if owner is None else owner.id}
    async with services.database.writer.begin() as connection:
        added = await connection.execute(insert(Job).values(**{**usual, **values}).returning(Job.id))
        return UUID(str(added.scalar_one()))


class TestGetJob:
    async def test_is_for_its_owner_and_administrators(
        self, services: Services, ada: Principal, root: Principal
    ) -> None:
        job_id = await add(services, ada)
        assert (await services.jobs.get_job(ada, job_id)).id == job_id
        assert (await services.jobs.get_job(root, job_id)).owner_id == ada.id
        with pytest.raises(JobNotFound):
            await services.jobs.get_job(ada, await add(services, root))


class TestListJobs:
    async def test_of_all_is_for_administrators(self, services: Services, ada: Principal, root: Principal) -> None:
        await add(services, ada)
        every = JobQuery(scope=JobScope.ALL)
        assert (await services.jobs.list_jobs(root, every)).total == 1
        with pytest.raises(PermissionDenied):
            await services.jobs.list_jobs(ada, every)


class TestCancelJob:
    async def test_tells_what_waits_from_what_runs(self, services: Services, ada: Principal) -> None:
        assert await services.jobs.cancel_job(ada, await add(services, ada)) is None
        running = await services.jobs.cancel_job(ada, await add(services, ada, status="processing"))
        assert running is not None
        assert running.cancel_requested

    async def test_refuses_what_is_over_or_not_there(self, services: Services, ada: Principal) -> None:
        with pytest.raises(JobOver):
            await services.jobs.cancel_job(ada, await add(services, ada, status="completed"))
        with pytest.raises(JobNotFound):
            await services.jobs.cancel_job(ada, await add(services))


class TestRetryJob:
    async def test_refuses_what_did_not_fail(self, services: Services, root: Principal) -> None:
        with pytest.raises(JobNotFailed):
            await services.jobs.retry_job(root, await add(services))

    async def test_refuses_a_second_one_of_a_key(self, services: Services, root: Principal) -> None:
        failed = await add(services, status="error", unique_key="daily")
        await add(services, unique_key="daily")
        with pytest.raises(AlreadyExists):
            await services.jobs.retry_job(root, failed)


class TestDeleteOldJobs:
    async def test_deletes_what_has_been_over_for_as_long_as_is_set(self, make_services: ServicesFactory) -> None:
        services = await make_services(jobs_retention_days=7)
        now = utc_now()
        await add(services, status="completed", finished_at=now - timedelta(days=8))
        await add(services, status="error", finished_at=now - timedelta(days=7, seconds=1))
        kept = [
            await add(services, status="cancelled", finished_at=now - timedelta(days=6)),
            await add(services, created_at=now - timedelta(days=99)),
        ]
        assert await services.jobs.delete_old_jobs() == 2
        async with services.database.read() as connection:
            assert set((await connection.execute(select(Job.id))).scalars()) == set(kept)
            assert (await connection.execute(select(func.count()).select_from(Job))).scalar_one() == 2
