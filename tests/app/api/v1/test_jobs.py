"""Jobs over HTTP."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update

from app.jobs import PurgeJobs
from app.models import Job
from lintel.db import Session, utc_now
from tests.app.conftest import Statements, assert_problem
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
SECRET = "a secret of the payload"


async def add(service: RunningService, owner: Person | None, **values: Any) -> str:
    """A job as it is left by somebody."""
    usual = {"kind": "demo.one", "payload": {"text": SECRET}, "owner_id": None if owner is None else owner.id}
    async with service.services.database.writer.begin() as connection:
        added = await connection.execute(insert(Job).values(**{**usual, **values}).returning(Job.id))
        return str(added.scalar_one())


async def row(service: RunningService, job_id: str) -> Any:
    async with service.services.database.read() as connection:
        return (await connection.execute(select(Job.__table__).where(Job.id == UUID(job_id)))).one()


class TestListJobs:
    async def test_holds_the_callers_alone(self, service: RunningService, ada: Person, bob: Person) -> None:
        mine = await add(service, ada)
        await add(service, bob)
        await add(service, None)
        body = (await ada.client.get(JOBS)).json()
        assert ([job["id"] for job in body["items"]], body["total"]) == ([mine], 1)

    async def test_holds_all_for_administrators_who_ask(
        self, service: RunningService, ada: Person, admin: Person
    ) -> None:
        for owner in (ada, None, admin):
            await add(service, owner)
        assert (await admin.client.get(JOBS)).json()["total"] == 1
        assert (await admin.client.get(JOBS, params={"scope": "all"})).json()["total"] == 3
        assert_problem(await ada.client.get(JOBS, params={"scope": "all"}), 403, "FORBIDDEN")

    @pytest.mark.parametrize(
        ("query", "total"),
        [
            ({"status": "error"}, 1),
            ({"status": "pending"}, 2),
            ({"kind": "demo.two"}, 1),
            ({"kind": "demo.one", "status": "pending"}, 1),
            ({"kind": "nothing"}, 0),
        ],
    )
    async def test_filters(self, service: RunningService, ada: Person, query: dict[str, str], total: int) -> None:
        await add(service, ada, status="error")
        await add(service, ada)
        await add(service, ada, kind="demo.two")
        assert (await ada.client.get(JOBS, params=query)).json()["total"] == total

    async def test_sorts(self, service: RunningService, ada: Person) -> None:
        ids = [await add(service, ada, kind=kind) for kind in ("b", "c", "a")]
        answer = await ada.client.get(JOBS, params={"sort_by": "kind", "sort_order": "asc"})
        assert [job["id"] for job in answer.json()["items"]] == [ids[2], ids[0], ids[1]]
        assert [job["id"] for job in (await ada.client.get(JOBS)).json()["items"]] == ids[::-1]

    @pytest.mark.parametrize("query", [{"status": "done"}, {"kind": "No Kind"}, {"scope": "yours"}, {"size": "101"}])
    async def test_refuses_what_is_not_valid(self, ada: Person, query: dict[str, str]) -> None:
        [name] = query
        assert_problem(await ada.client.get(JOBS, params=query), 422, "VALIDATION_ERROR", f"/query/{name}")

    async def test_takes_two_statements(self, service: RunningService, ada: Person, statements: Statements) -> None:
        await add(service, ada)
        with statements() as seen:
            await ada.client.get(JOBS)
        assert len(seen) == 2

    async def test_is_for_known_callers(self, service: RunningService) -> None:
        visitor = await service.visitor()
        assert_problem(await visitor.get(JOBS), 401, "UNAUTHENTICATED")


class TestReadJob:
    async def test_tells_all_but_what_is_to_be_done(self, service: RunningService, ada: Person) -> None:
        job_id = await add(service, ada, status="completed", progress=100, result={"n": 1}, lease_token=4)
        answer = await ada.client.get(f"{JOBS}/{job_id}")
        body = answer.json()
        assert (body["id"], body["status"], body["result"]) == (job_id, "completed", {"n": 1})
        assert not {"payload", "lease_owner", "lease_token", "lease_until", "unique_key"} & body.keys()
        assert SECRET not in answer.text
        assert SECRET not in (await ada.client.get(JOBS)).text

    async def test_of_somebody_else_is_not_found(self, service: RunningService, ada: Person, bob: Person) -> None:
        for owner in (bob, None):
            assert_problem(await ada.client.get(f"{JOBS}/{await add(service, owner)}"), 404, "JOB_NOT_FOUND")
        assert_problem(await ada.client.get(f"{JOBS}/{uuid4()}"), 404, "JOB_NOT_FOUND")

    async def test_of_anybody_is_found_by_administrators(
        self, service: RunningService, ada: Person, admin: Person
    ) -> None:
        for owner in (ada, None):
            assert (await admin.client.get(f"{JOBS}/{await add(service, owner)}")).status_code == 200

    async def test_refuses_what_is_no_id(self, ada: Person) -> None:
        assert_problem(await ada.client.get(f"{JOBS}/4711"), 422, "VALIDATION_ERROR", "/path/job_id")


class TestCancelJob:
    async def test_cancels_what_has_not_begun(self, service: RunningService, ada: Person) -> None:
        job_id = await add(service, ada)
        answer = await ada.client.delete(f"{JOBS}/{job_id}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert (await row(service, job_id)).status == "cancelled"

    async def test_asks_what_runs_to_stop(self, service: RunningService, ada: Person) -> None:
        job_id = await add(service, ada, status="processing", lease_token=1)
        answer = await ada.client.delete(f"{JOBS}/{job_id}")
        assert answer.status_code == 202
        assert (answer.json()["status"], answer.json()["cancel_requested"]) == ("processing", True)

    @pytest.mark.parametrize("status", ["completed", "error", "cancelled"])
    async def test_refuses_what_is_over(self, service: RunningService, ada: Person, status: str) -> None:
        job_id = await add(service, ada, status=status)
        assert_problem(await ada.client.delete(f"{JOBS}/{job_id}"), 409, "JOB_OVER")

    async def test_of_somebody_else_is_not_found(self, service: RunningService, ada: Person, bob: Person) -> None:
        job_id = await add(service, bob)
        assert_problem(await ada.client.delete(f"{JOBS}/{job_id}"), 404, "JOB_NOT_FOUND")
        assert (await row(service, job_id)).status == "pending"

    async def test_of_anybody_is_for_administrators(self, service: RunningService, ada: Person, admin: Person) -> None:
        assert (await admin.client.delete(f"{JOBS}/{await add(service, ada)}")).status_code == 204


class TestRetryJob:
    @pytest.mark.parametrize("status", ["error", "cancelled"])
    async def test_begins_anew(self, service: RunningService, ada: Person, admin: Person, status: str) -> None:
        job_id = await add(service, ada, status=status, attempts=3, finished_at=utc_now())
        answer = await admin.client.post(f"{JOBS}/{job_id}/retry")
        assert answer.status_code == 202
        assert (answer.json()["status"], answer.json()["attempts"]) == ("pending", 0)

    @pytest.mark.parametrize("status", ["pending", "processing", "completed"])
    async def test_refuses_what_has_not_failed(self, service: RunningService, admin: Person, status: str) -> None:
        job_id = await add(service, None, status=status)
        assert_problem(await admin.client.post(f"{JOBS}/{job_id}/retry"), 409, "JOB_NOT_FAILED")

    @pytest.mark.parametrize("cancels", ["batch", "job"])
    async def test_reads_no_batch_that_its_owner_cancelled(self, ada: Person, admin: Person, cancels: str) -> None:
        new = {"texts": ["Do not read this."], "analysis_type": "sentiment"}
        batch = (await ada.client.post("/api/v1/batches", json=new)).json()
        address, job = f"/api/v1/batches/{batch['id']}", f"{JOBS}/{batch['job_id']}"
        answer = await (ada.client.post(f"{address}/cancel") if cancels == "batch" else ada.client.delete(job))
        assert answer.is_success
        assert_problem(await admin.client.post(f"{job}/retry"), 409, "BATCH_CANCELLED")
        assert [(await ada.client.get(path)).json()["status"] for path in (address, job)] == ["cancelled"] * 2

    async def test_of_nothing_is_not_found(self, admin: Person) -> None:
        assert_problem(await admin.client.post(f"{JOBS}/{uuid4()}/retry"), 404, "JOB_NOT_FOUND")

    async def test_is_for_administrators(self, service: RunningService, ada: Person) -> None:
        job_id = await add(service, ada, status="error")
        assert_problem(await ada.client.post(f"{JOBS}/{job_id}/retry"), 403, "FORBIDDEN")


class TestEmbeddedWorker:
    async def test_does_what_was_committed(self, start: Any) -> None:
        service = await start()
        admin = await service.person("root@example.com", "admin")
        job_id = await _purge(service)
        answer = await admin.client.get(f"{JOBS}/{job_id}")
        while answer.json()["status"] != "completed":
            answer = await admin.client.get(f"{JOBS}/{job_id}")
        assert answer.json()["result"] == {"deleted": 0}

    async def test_counts_for_the_metrics_of_its_application(self, start: Any) -> None:
        service = await start()
        job_id = await _purge(service)
        while (await row(service, str(job_id))).status != "completed":
            pass
        name, labels = "job_attempts_total", {"kind": "jobs.purge", "outcome": "completed"}
        while service.app.state.metrics.registry.get_sample_value(name, labels) != 1:
            await row(service, str(job_id))

    async def test_is_absent_where_it_is_switched_off(self, start: Any) -> None:
        service = await start(jobs_embedded_worker=False, jobs_poll_seconds=0.05)
        job_id = await _purge(service)
        async with service.services.database.writer.begin() as connection:
            await connection.execute(update(Job).values(priority=1))
        assert (await row(service, str(job_id))).status == "pending"


async def _purge(service: RunningService) -> UUID:
    async def work(session: Session) -> UUID:
        return await service.services.queue.enqueue(session, PurgeJobs())

    return await service.services.database.run(work)


class TestFollowJob:
    async def test_sends_the_final_state_and_ends(self, service: RunningService, ada: Person) -> None:
        job_id = await add(service, ada, status="completed", progress=100, attempts=1)
        for headers in ({}, {"Last-Event-ID": "1-completed-100-0"}):
            answer = await ada.client.get(f"{JOBS}/{job_id}/events", headers=headers)
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.text.splitlines()
            assert {"event: job", "id: 1-completed-100-0"} <= set(lines)
            [data] = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
            assert (data["id"], data["status"], data["progress"]) == (job_id, "completed", 100)
            assert SECRET not in answer.text

    async def test_has_a_bound_for_each_user(self, start: Any) -> None:
        service = await start(sse_max_per_user=1, jobs_embedded_worker=False)
        ada, bob = [await service.person(f"{name}@example.com") for name in ("ada", "bob")]
        hers, his = [await add(service, owner, status="completed") for owner in (ada, bob)]
        places = service.services.follower.places
        with places.taken_by(ada.id):
            answer = await ada.client.get(f"{JOBS}/{hers}/events")
            assert_problem(answer, 429, "TOO_MANY_REQUESTS")
            assert int(answer.headers["retry-after"]) > 0
            assert (await bob.client.get(f"{JOBS}/{his}/events")).status_code == 200
        assert (await ada.client.get(f"{JOBS}/{hers}/events")).status_code == 200
        assert len(places) == 0

    async def test_is_for_the_owner_and_administrators(
        self, service: RunningService, ada: Person, bob: Person, admin: Person
    ) -> None:
        job_id = await add(service, ada, status="cancelled")
        assert (await admin.client.get(f"{JOBS}/{job_id}/events")).status_code == 200
        assert_problem(await bob.client.get(f"{JOBS}/{job_id}/events"), 404, "JOB_NOT_FOUND")
        assert_problem(await ada.client.get(f"{JOBS}/{uuid4()}/events"), 404, "JOB_NOT_FOUND")
        visitor = await service.visitor()
        assert (await visitor.get(f"{JOBS}/{job_id}/events")).status_code == 401
