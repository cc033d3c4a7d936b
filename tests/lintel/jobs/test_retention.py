from datetime import timedelta

import pytest

from lintel.db import utc_now
from lintel.jobs import delete_finished
from tests.lintel.jobs.conftest import Office

pytestmark = pytest.mark.anyio


async def test_deletes_old_jobs_in_small_steps(office: Office) -> None:
    now = utc_now()
    old = [await office.insert(status="completed", finished_at=now - timedelta(days=8)) for _ in range(7)]
    kept = [
        await office.insert(status="error", finished_at=now - timedelta(days=6)),
        await office.insert(status="pending", created_at=now - timedelta(days=90)),
    ]
    assert await delete_finished(office.queue, older_than=timedelta(days=7), chunk=3) == len(old)
    assert [(await office.row(job_id)).id for job_id in kept] == kept
    assert await delete_finished(office.queue, older_than=timedelta(days=7)) == 0
