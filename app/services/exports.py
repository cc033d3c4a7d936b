"""All analyses of one person in one file."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core.exceptions import ExportNotFound, TooManyExports
from app.jobs import ExportAnalyses
from app.repositories.analyses import AnalysisReader
from app.repositories.jobs import JobReader, JobRepository
from app.repositories.users import UserReader
from app.schemas.analyses import AnalysisRead
from app.schemas.exports import ExportRead
from lintel.db import Database, Session, utc_now
from lintel.idempotency import EVERY_TIME, Once
from lintel.jobs import JobQueue, JobStatus
from lintel.security import Principal
from lintel.storage import Storage

TYPE = "application/x-ndjson"
FILENAME = "analyses.ndjson"
FOLDER = "exports"
BATCH = 200
"""Analyses that are in memory at a time; each holds up to 10,000 characters and what was found in them."""
LINK_LIFE = timedelta(minutes=10)

Progress = Callable[[float], Awaitable[None]]


class ExportService:
    """Has exports written, and says where they are."""

    def __init__(self, database: Database, storage: Storage, queue: JobQueue, *, most: int, kept: timedelta) -> None:
        self._database = database
        self._storage = storage
        self._queue = queue
        self._most = most
        self._kept = kept
        self._users = UserReader(database)
        self._analyses = AnalysisReader(database)
        self._jobs = JobReader(database)

    async def create_export(self, principal: Principal, *, once: Once[ExportRead] = EVERY_TIME) -> ExportRead:
        """Have all of the principal's analyses written to a file. While one is under way, it is that one.

        Raises:
            TooManyExports: They have as many as there may be.
        """
        kept = await self._storage.list_files(f"{FOLDER}/{principal.id}", size=self._most)

        async def work(session: Session) -> ExportRead:
            # Refused here: a request that is repeated gets its first answer, however many there are since.
            if len(kept.files) >= self._most:
                raise TooManyExports
            wanted = ExportAnalyses(owner_id=principal.id)
            alone = f"{wanted.kind}:{principal.id}"
            job_id = await self._queue.enqueue(session, wanted, owner_id=principal.id, unique_key=alone)
            return await self._read(principal, await JobRepository(session).get_visible(principal, job_id))

        return await once.run(self._database, work)

    async def get_export(self, principal: Principal, job_id: UUID) -> ExportRead:
        """One of the principal's exports, with an address for a while once it is written.

        Raises:
            ExportNotFound: There is none (any more), or it is somebody else's: also for those who manage jobs.
        """
        return await self._read(principal, await self._jobs.get(principal, job_id))

    async def _read(self, principal: Principal, job: Mapping[str, Any] | None) -> ExportRead:
        if job is None or job["kind"] != ExportAnalyses.kind or job["owner_id"] != principal.id:
            raise ExportNotFound
        if job["finished_at"] is not None and job["finished_at"] + self._kept < utc_now():
            raise ExportNotFound
        written: Mapping[str, Any] = (job["result"] if job["status"] is JobStatus.COMPLETED else None) or {}
        url = await self._link(written["key"]) if written else None
        return ExportRead(
            job_id=job["id"],
            status=job["status"],
            progress=job["progress"],
            analyses=written.get("analyses"),
            size=written.get("size"),
            sha256=written.get("sha256"),
            url=url,
            url_expires_at=utc_now() + LINK_LIFE if url else None,
        )

    async def write_export(self, owner_id: int, job_id: UUID, progress: Progress) -> Mapping[str, str | int]:
        """Write the file, a line for each analysis; what there is to know of it. The same job writes the same file.

        Raises:
            ExportNotFound: Its owner left meanwhile; there is no file.
        """
        lines = _Lines(self._analyses, owner_id, progress)
        stored = await self._storage.put(f"{FOLDER}/{owner_id}/{job_id}.ndjson", lines.all(), content_type=TYPE)
        # Asked last: whoever leaves after this has their files erased after this.
        if not await self._users.standings([owner_id]):
            await self._storage.delete(stored.key)
            raise ExportNotFound
        return {"key": stored.key, "size": stored.size, "sha256": stored.sha256, "analyses": lines.written}

    async def delete_old_exports(self) -> int:
        """Delete files that are older than they are kept; how many there were."""
        deleted, after, before = 0, None, utc_now() - self._kept
        while True:
            page = await self._storage.list_files(FOLDER, after=after)
            for file in page.files:
                if file.modified_at < before:
                    await self._storage.delete(file.key)
                    deleted += 1
            if page.after is None:
                return deleted
            after = page.after

    async def _link(self, key: str) -> str:
        return await self._storage.signed_url(
            key, expires_in=LINK_LIFE, filename=FILENAME, content_type=TYPE, disposition="attachment"
        )


class _Lines:
    """Somebody's analyses as lines of JSON, by their numbers."""

    def __init__(self, analyses: AnalysisReader, owner_id: int, progress: Progress) -> None:
        self._analyses = analyses
        self._owner_id = owner_id
        self._progress = progress
        self.written = 0

    async def all(self) -> AsyncIterator[bytes]:
        """A batch at a time; those that are made meanwhile come too."""
        total, last = await self._analyses.count(self._owner_id), 0
        while rows := await self._analyses.after(self._owner_id, last, size=BATCH):
            last = rows[-1]["id"]
            self.written += len(rows)
            yield b"".join(line.model_dump_json().encode() + b"\n" for line in AnalysisRead.of_rows(rows))
            await self._progress(100 * self.written / max(total, self.written))
