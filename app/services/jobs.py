"""What goes on when requests are over."""

from datetime import timedelta
from uuid import UUID

from app.core.exceptions import JobNotFailed, JobNotFound, JobOver
from app.core.permissions import Permission
from app.jobs import ReadBatch
from app.repositories.jobs import JobReader, JobRepository
from app.schemas.jobs import JobQuery, JobRead, JobScope
from app.services.batch_ends import reopen, settle, settle_all
from lintel.api import Found
from lintel.db import Database, Session
from lintel.errors import PermissionDenied
from lintel.jobs import JobQueue, JobStatus, delete_finished
from lintel.realtime import Snapshot
from lintel.security import Principal


class JobService:
    """How far jobs are, and what can be done about them."""

    def __init__(self, database: Database, queue: JobQueue, *, retention: timedelta) -> None:
        self._database = database
        self._queue = queue
        self._retention = retention
        self._reader = JobReader(database)

    async def get_job(self, principal: Principal, job_id: UUID) -> JobRead:
        """One of the principal's jobs; anybody's for those who manage jobs.

        Raises:
            JobNotFound: There is none, or it is somebody else's.
        """
        row = await self._reader.get(principal, job_id)
        if row is None:
            raise JobNotFound
        return JobRead.model_validate(row)

    async def look_at(self, principal: Principal, job_id: UUID) -> Snapshot | None:
        """One of the principal's jobs at this moment, for those who follow it; None if there is none (any more)."""
        row = await self._reader.get(principal, job_id)
        if row is None:
            return None
        job = JobRead.model_validate(row)
        version = f"{job.attempts}-{job.status}-{job.progress}-{job.cancel_requested:d}"
        return Snapshot(job, version, is_final=not job.status.is_live)

    async def list_jobs(self, principal: Principal, query: JobQuery) -> Found[JobRead]:
        """One page of jobs, and how many there are.

        Raises:
            PermissionDenied: Everybody's were asked for, by somebody who may see only their own.
        """
        if query.scope is JobScope.ALL and not principal.may(Permission.JOBS_MANAGE):
            raise PermissionDenied
        found = await self._reader.page(principal, query)
        return Found.of(JobRead, found, query)

    async def cancel_job(self, principal: Principal, job_id: UUID) -> JobRead | None:
        """Stop a job. The job if it runs and has been told to stop; None if it had not begun and is cancelled.

        Raises:
            JobNotFound: There is none, or it is somebody else's.
            JobOver: It has ended already.
        """

        async def work(session: Session) -> JobRead | None:
            jobs = JobRepository(session)
            job = await jobs.get_visible(principal, job_id)
            if job is None:
                raise JobNotFound
            status = await self._queue.cancel(job_id, session=session)
            if status is None:
                raise JobOver
            if status is JobStatus.CANCELLED:
                if job["kind"] == ReadBatch.kind:
                    await settle(session, job_id)
                return None
            return JobRead.model_validate(await jobs.get_visible(principal, job_id))

        return await self._database.run(work)

    async def retry_job(self, principal: Principal, job_id: UUID) -> JobRead:
        """Have a job that failed or was cancelled done again, with all its attempts.

        Raises:
            JobNotFound: There is none.
            JobNotFailed: It waits, runs or is completed.
            BatchCancelled: It reads a batch that was cancelled.
            AlreadyExists: Another one of which there may be only one waits or runs.
        """

        async def work(session: Session) -> JobRead:
            jobs = JobRepository(session)
            job = await jobs.get_visible(principal, job_id)
            if job is None:
                raise JobNotFound
            if job["kind"] == ReadBatch.kind:
                await reopen(session, job_id)
            if not await self._queue.retry(job_id, session=session):
                raise JobNotFailed
            return JobRead.model_validate(await jobs.get_visible(principal, job_id))

        return await self._database.run(work)

    async def delete_old_jobs(self) -> int:
        """Delete what has been over for longer than jobs are kept; how many there were."""
        await settle_all(self._database)  # while it can still be told how their jobs ended
        return await delete_finished(self._queue, older_than=self._retention)
