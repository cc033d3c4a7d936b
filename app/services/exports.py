"""Many analyses of one person as a file: written by a job, or streamed."""

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.core.exceptions import ExportNotFound, TooManyExports
from app.jobs import ExportAnalyses
from app.repositories.analyses import AnalysisReader
from app.repositories.jobs import JobReader, JobRepository
from app.repositories.users import UserReader
from app.schemas.analyses import AnalysisRead
from app.schemas.exports import AnalysisExportQuery, ExportCreate, ExportRead
from lintel.api import read_sparse
from lintel.db import Database, Session, utc_now
from lintel.files import LineFormat, LineWriter
from lintel.idempotency import EVERY_TIME, Once
from lintel.jobs import JobQueue, JobStatus
from lintel.security import Principal
from lintel.storage import Storage

FOLDER = "exports"
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

    async def create_export(
        self, principal: Principal, new: ExportCreate, *, once: Once[ExportRead] = EVERY_TIME
    ) -> ExportRead:
        """Have all of the principal's analyses written to a file. While one of its format is under way, it is that one.

        Raises:
            TooManyExports: They have as many as there may be.
        """
        kept = await self._storage.list_files(f"{FOLDER}/{principal.id}", size=self._most)

        async def work(session: Session) -> ExportRead:
            # Refused here: a request that is repeated gets its first answer, however many there are since.
            if len(kept.files) >= self._most:
                raise TooManyExports
            wanted = ExportAnalyses(owner_id=principal.id, format=new.format)
            alone = f"{wanted.kind}:{principal.id}:{new.format}"
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

    def stream(self, principal: Principal, query: AnalysisExportQuery) -> AsyncGenerator[bytes]:
        """The principal's analyses, the oldest first, piece by piece as they are read.

        Raises:
            Unavailable: The database does not answer, perhaps in the middle.
        """
        fields = query.asked_fields
        rows = self._analyses.chunks(principal.id, query.filters, fields=fields)
        return LineWriter(query.format, AnalysisRead, fields=fields).write(_items(rows, fields))

    async def write_export(self, wanted: ExportAnalyses, job_id: UUID, progress: Progress) -> Mapping[str, str | int]:
        """Write the file, a line for each analysis; what there is to know of it. The same job writes the same file.

        Raises:
            ExportNotFound: Its owner left meanwhile; there is no file.
        """
        owner_id, counted = wanted.owner_id, _Counted(self._analyses, wanted.owner_id, progress)
        async with aclosing(LineWriter(wanted.format, AnalysisRead).write(counted.all())) as pieces:
            key = f"{FOLDER}/{owner_id}/{job_id}.{wanted.format}"
            stored = await self._storage.put(key, pieces, content_type=wanted.format.media_type)
        # Asked last: whoever leaves after this has their files erased after this.
        if not await self._users.standings([owner_id]):
            await self._storage.delete(stored.key)
            raise ExportNotFound
        return {"key": stored.key, "size": stored.size, "sha256": stored.sha256, "analyses": counted.written}

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
        written = LineFormat(key.rpartition(".")[2])
        return await self._storage.signed_url(
            key,
            expires_in=LINK_LIFE,
            filename=filename_of(written),
            content_type=written.media_type,
            disposition="attachment",
        )


def filename_of(line_format: LineFormat) -> str:
    """What people save an export as."""
    return f"analyses.{line_format}"


class _Counted:
    """All of somebody's analyses; those that are made meanwhile come too. Tells how far it is."""

    def __init__(self, analyses: AnalysisReader, owner_id: int, progress: Progress) -> None:
        self._analyses = analyses
        self._owner_id = owner_id
        self._progress = progress
        self.written = 0

    async def all(self) -> AsyncGenerator[Sequence[AnalysisRead]]:
        total = await self._analyses.count(self._owner_id)
        async for items in _items(self._analyses.chunks(self._owner_id, {}), None):
            yield items
            self.written += len(items)
            await self._progress(100 * self.written / max(total, self.written))


async def _items(
    chunks: AsyncIterable[Sequence[Mapping[str, Any]]], fields: frozenset[str] | None
) -> AsyncGenerator[Sequence[AnalysisRead]]:
    async for rows in chunks:
        yield AnalysisRead.of_rows(rows) if fields is None else read_sparse(AnalysisRead, rows)
