"""Exports over HTTP, and the mail to a new user: what a request asks for and a worker does."""

import asyncio
import csv
import gc
import io
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from app.repositories import analyses
from app.schemas.analyses import AnalysisRead
from app.schemas.exports import AnalysisExportQuery
from app.workers.worker import create_worker
from lintel.files import _lines
from lintel.security import Principal
from tests.app.conftest import assert_problem
from tests.conftest import PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

EXPORTS = "/api/v1/exports"
STREAM = "/api/v1/analyses/export"


@pytest.fixture
async def worker(service: RunningService) -> AsyncIterator[None]:
    """Does the jobs of the running service."""
    worker = create_worker(service.app.state.settings, service.services, None, grace=1)
    async with worker.running():
        yield


async def completed(client: httpx2.AsyncClient, path: str) -> dict[str, object]:
    """The job or export, once it is completed."""
    async with asyncio.timeout(30):
        while (body := (await client.get(path)).json())["status"] != "completed":
            assert body["status"] in {"pending", "processing"}, body
            await asyncio.sleep(0.05)
    return dict(body)


async def analyse(person: Person, *texts: str) -> list[dict[str, Any]]:
    """The analyses of these texts."""
    answers = [
        await person.client.post("/api/v1/analyses", json={"text_content": text, "analysis_type": "sentiment"})
        for text in texts
    ]
    return [answer.raise_for_status().json() for answer in answers]


def mails_in(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.glob("*.eml")]


class TestExport:
    async def test_is_written_and_read_by_a_link_that_needs_no_sign_in(
        self, worker: None, ada: Person, visitor: httpx2.AsyncClient
    ) -> None:
        await analyse(ada, "It is lovely.", "It is not.")
        answer = await ada.client.post(EXPORTS)
        assert answer.status_code == 202
        export = await completed(ada.client, answer.headers["location"])
        assert (export["analyses"], export["progress"]) == (2, 100)
        file = await visitor.get(str(export["url"]))
        assert (file.status_code, len(file.content)) == (200, export["size"])
        assert file.headers["content-disposition"] == 'attachment; filename="analyses.ndjson"'
        assert [json.loads(line)["text_content"] for line in file.text.splitlines()] == ["It is lovely.", "It is not."]

    async def test_is_made_once_for_one_idempotency_key(self, start: Any) -> None:
        service = await start(max_exports_per_user=1)
        ada = await service.person("ada@example.com")
        key = {"Idempotency-Key": "of-monday"}
        first = await ada.client.post(EXPORTS, headers=key)
        await completed(ada.client, first.headers["location"])
        again = await ada.client.post(EXPORTS, headers=key)
        assert (again.status_code, again.content) == (202, first.content)
        assert again.headers["location"] == first.headers["location"]
        assert again.headers["idempotency-replayed"] == "true"
        assert_problem(await ada.client.post(EXPORTS), 409, "TOO_MANY_EXPORTS")

    async def test_is_csv_where_that_is_wanted(self, worker: None, ada: Person, visitor: httpx2.AsyncClient) -> None:
        await analyse(ada, "=1+1")
        asked = [await ada.client.post(EXPORTS, params={"format": name}) for name in ("csv", "ndjson")]
        assert asked[0].json()["job_id"] != asked[1].json()["job_id"]
        file = await visitor.get(str((await completed(ada.client, asked[0].headers["location"]))["url"]))
        assert file.headers["content-type"] == "text/csv; charset=utf-8; header=present"
        assert file.headers["content-disposition"] == 'attachment; filename="analyses.csv"'
        assert [line["text_content"] for line in csv.DictReader(io.StringIO(file.text, newline=""))] == ["'=1+1"]
        other = await ada.client.post(EXPORTS, params={"format": "xlsx"})
        assert_problem(other, 422, "VALIDATION_ERROR", "/query/format")

    async def test_of_somebody_else_is_not_there(self, ada: Person, admin: Person) -> None:
        place = (await ada.client.post(EXPORTS)).headers["location"]
        assert (await ada.client.get(place)).status_code == 200
        assert_problem(await admin.client.get(place), 404, "EXPORT_NOT_FOUND")
        assert_problem(await ada.client.get(f"{EXPORTS}/{uuid4()}"), 404, "EXPORT_NOT_FOUND")

    async def test_is_for_those_who_have_signed_in(self, visitor: httpx2.AsyncClient) -> None:
        assert_problem(await visitor.post(EXPORTS), 401, "UNAUTHENTICATED")


class TestStream:
    async def test_is_every_analysis_of_the_caller_exactly_and_nobody_elses(
        self, ada: Person, bob: Person, admin: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(analyses, "ROWS_AT_ONCE", 2)
        mine = await analyse(ada, *(f"Number {number} is lovely." for number in range(5)))
        await analyse(bob, "It is not.")
        answer = await ada.client.get(STREAM)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
        assert answer.headers["content-disposition"] == 'attachment; filename="analyses.ndjson"'
        assert answer.headers["cache-control"] == "no-store"
        assert [json.loads(line) for line in answer.text.splitlines()] == mine
        assert (await admin.client.get(STREAM)).content == b""

    async def test_is_csv_with_a_line_of_names_and_no_formulas(self, ada: Person) -> None:
        [first, second] = await analyse(ada, '=HYPERLINK("http://evil.example","Lovely")', 'Awful; "bad"')
        answer = await ada.client.get(STREAM, params={"format": "csv"})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
        assert answer.headers["content-disposition"] == 'attachment; filename="analyses.csv"'
        rows = list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))
        assert list(rows[0]) == list(first)
        assert [row["text_content"] for row in rows] == ["'" + first["text_content"], second["text_content"]]
        assert [float(row["sentiment_score"]) for row in rows] == [first["sentiment_score"], second["sentiment_score"]]
        assert json.loads(rows[1]["result"]) == second["result"]
        assert [row["error_message"] for row in rows] == ["", ""]
        none = await ada.client.get(STREAM, params={"format": "csv", "status": "pending"})
        assert none.text == f"{','.join(first)}\r\n"

    async def test_has_the_filters_of_the_list_and_the_fields_asked_for(self, ada: Person) -> None:
        [first] = await analyse(ada, "Lovely.")
        asked = {"status": "completed", "analysis_type": "sentiment", "fields": "status,id"}
        assert (await ada.client.get(STREAM, params=asked)).json() == {"id": first["id"], "status": "completed"}
        assert (await ada.client.get(STREAM, params={"batch_id": 1})).content == b""
        for name in ("page", "size", "cursor", "sort_by", "owner_id"):
            assert_problem(await ada.client.get(STREAM, params={name: "1"}), 422, "VALIDATION_ERROR", f"/query/{name}")
        assert_problem(await ada.client.get(STREAM, params={"format": "xml"}), 422, "VALIDATION_ERROR", "/query/format")

    async def test_is_for_those_who_have_signed_in(self, visitor: httpx2.AsyncClient) -> None:
        assert_problem(await visitor.get(STREAM), 401, "UNAUTHENTICATED")

    async def test_has_no_more_than_a_few_rows_alive_and_no_connection_between_them(
        self, service: RunningService, ada: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        database = service.services.database
        await analyse(ada, *("Lovely." for _ in range(12)))
        monkeypatch.setattr(analyses, "ROWS_AT_ONCE", 2)
        monkeypatch.setattr(_lines, "PIECE", 1)
        stream = service.services.exports.stream(Principal(ada.id), AnalysisExportQuery(fields="id"))
        async with aclosing(stream):
            for _ in range(12):
                await anext(stream)
                assert database.checked_out() == 0
                gc.collect()
                assert sum(isinstance(each, AnalysisRead) for each in gc.get_objects()) <= 2


class TestMailToNewUsers:
    async def test_is_sent_when_an_administrator_made_the_account(
        self, worker: None, service: RunningService, admin: Person
    ) -> None:
        new = {"email": "eve@example.com", "password": PASSWORD, "full_name": "Eve"}
        (await admin.client.post("/api/v1/users", json=new)).raise_for_status()
        [job] = (await admin.client.get("/api/v1/jobs", params={"scope": "all", "kind": "mails.send"})).json()["items"]
        assert (await completed(admin.client, f"/api/v1/jobs/{job['id']}"))["result"] == {"sent": True}
        [text] = mails_in(service.app.state.settings.data_dir / "mail")
        assert "To: eve@example.com" in text
        assert PASSWORD not in text

    async def test_is_not_sent_for_an_account_that_was_not_made(self, admin: Person) -> None:
        again = {"email": "root@example.com", "password": PASSWORD}
        assert_problem(await admin.client.post("/api/v1/users", json=again), 409, "ALREADY_EXISTS")
        jobs = await admin.client.get("/api/v1/jobs", params={"scope": "all", "kind": "mails.send"})
        assert jobs.json()["total"] == 0
