"""Exports, without HTTP."""

import hashlib
import json
import os
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from app.core.enums import AnalysisType, UserRole
from app.core.exceptions import ExportNotFound, TooManyExports
from app.jobs import ExportAnalyses
from app.models import Job
from app.repositories import analyses
from app.schemas.analyses import AnalysisCreate
from app.schemas.exports import ExportCreate
from app.services.container import Services
from lintel.db import utc_now
from lintel.jobs import JobStatus
from lintel.security import Principal
from tests.app.conftest import ServicesFactory, add_user, principal_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ada(services: Services) -> Principal:
    return principal_of(await add_user(services))


@pytest.fixture
async def root(services: Services) -> Principal:
    return principal_of(await add_user(services, "root@example.com", UserRole.ADMIN))


async def add_analyses(services: Services, principal: Principal, count: int) -> list[int]:
    new = AnalysisCreate(text_content="It is lovely.", analysis_type=AnalysisType.SENTIMENT)
    return [(await services.analyses.create_analysis(principal, new)).id for _ in range(count)]


async def no_progress(_: float) -> None: ...


def _age(folder: Path, name: str) -> None:
    [path] = folder.rglob(name)
    eight_days_ago = time.time() - 8 * 86_400
    os.utime(path, (eight_days_ago, eight_days_ago))


class TestCreateExport:
    async def test_is_one_while_one_is_under_way(self, services: Services, ada: Principal, root: Principal) -> None:
        first, second = [await services.exports.create_export(ada, ExportCreate()) for _ in range(2)]
        assert first == second
        assert (first.status, first.url, first.size) == (JobStatus.PENDING, None, None)
        assert (await services.exports.create_export(root, ExportCreate())).job_id != first.job_id

    async def test_is_refused_while_there_are_as_many_as_may_be(self, make_services: ServicesFactory) -> None:
        services = await make_services(max_exports_per_user=2)
        ada = principal_of(await add_user(services))
        for name in ("one", "two"):
            await services.storage.put(f"exports/{ada.id}/{name}.ndjson", b"x", content_type="text/plain")
        await services.storage.put(f"exports/{ada.id}1/other.ndjson", b"x", content_type="text/plain")
        with pytest.raises(TooManyExports):
            await services.exports.create_export(ada, ExportCreate())
        await services.storage.delete(f"exports/{ada.id}/one.ndjson")
        assert (await services.exports.create_export(ada, ExportCreate())).status is JobStatus.PENDING


class TestGetExport:
    async def test_is_there_no_longer_than_its_file(self, services: Services, ada: Principal) -> None:
        export = await services.exports.create_export(ada, ExportCreate())
        for days, is_there in ((6, True), (8, False)):
            async with services.database.writer.begin() as connection:
                await connection.execute(update(Job).values(finished_at=utc_now() - timedelta(days=days)))
            if is_there:
                assert (await services.exports.get_export(ada, export.job_id)).job_id == export.job_id
                continue
            with pytest.raises(ExportNotFound):
                await services.exports.get_export(ada, export.job_id)

    async def test_is_for_its_owner_alone(self, services: Services, ada: Principal, root: Principal) -> None:
        export = await services.exports.create_export(ada, ExportCreate())
        assert await services.exports.get_export(ada, export.job_id) == export
        for job_id in (export.job_id, UUID(int=1)):
            with pytest.raises(ExportNotFound):
                await services.exports.get_export(root, job_id)


class TestWriteExport:
    async def test_holds_every_analysis_of_the_owner_and_no_other(
        self,
        services: Services,
        ada: Principal,
        root: Principal,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(analyses, "ROWS_AT_ONCE", 3)
        mine = await add_analyses(services, ada, 7)
        await add_analyses(services, root, 2)
        told: list[float] = []

        async def progress(percent: float) -> None:
            told.append(percent)

        export = await services.exports.create_export(ada, ExportCreate())
        written = await services.exports.write_export(ExportAnalyses(owner_id=ada.id), export.job_id, progress)
        async with services.storage.get_stream(str(written["key"])) as stream:
            content = b"".join([chunk async for chunk in stream.chunks])
        lines = [json.loads(line) for line in content.splitlines()]
        assert [line["id"] for line in lines] == mine
        assert lines[0] == json.loads((await services.analyses.get_analysis(ada, mine[0])).model_dump_json())
        assert written == {
            "key": f"exports/{ada.id}/{export.job_id}.ndjson",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "analyses": 7,
        }
        assert [round(percent) for percent in told] == [43, 86, 100]

    async def test_nothing_is_a_file_too(self, services: Services, ada: Principal) -> None:
        assert (await services.exports.write_export(ExportAnalyses(owner_id=ada.id), UUID(int=1), no_progress))[
            "size"
        ] == 0

    async def test_leaves_no_file_of_who_left_meanwhile(self, services: Services, ada: Principal) -> None:
        await services.users.delete_user(ada.id)
        with pytest.raises(ExportNotFound):
            await services.exports.write_export(ExportAnalyses(owner_id=ada.id), UUID(int=1), no_progress)
        assert not (await services.storage.list_files()).files


class TestDeleteOldExports:
    async def test_takes_what_is_older_than_a_week(self, services: Services, ada: Principal, tmp_path: Path) -> None:
        for name in ("old", "new"):
            await services.storage.put(f"exports/1/{name}.ndjson", b"x", content_type="text/plain")
        await services.storage.put("other/old.ndjson", b"x", content_type="text/plain")
        _age(tmp_path / "data" / "files" / "exports", "old.ndjson")
        _age(tmp_path / "data" / "files" / "other", "old.ndjson")
        assert await services.exports.delete_old_exports() == 1
        left = [file.key for file in (await services.storage.list_files()).files]
        assert left == ["exports/1/new.ndjson", "other/old.ndjson"]
