"""Exports over HTTP, and the mail to a new user: what a request asks for and a worker does."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from app.workers.worker import create_worker
from tests.app.conftest import assert_problem
from tests.conftest import PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

EXPORTS = "/api/v1/exports"


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


def mails_in(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.glob("*.eml")]


class TestExport:
    async def test_is_written_and_read_by_a_link_that_needs_no_sign_in(
        self, worker: None, ada: Person, visitor: httpx2.AsyncClient
    ) -> None:
        for text in ("It is lovely.", "It is not."):
            new = {"text_content": text, "analysis_type": "sentiment"}
            (await ada.client.post("/api/v1/analyses", json=new)).raise_for_status()
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

    async def test_of_somebody_else_is_not_there(self, ada: Person, admin: Person) -> None:
        place = (await ada.client.post(EXPORTS)).headers["location"]
        assert (await ada.client.get(place)).status_code == 200
        assert_problem(await admin.client.get(place), 404, "EXPORT_NOT_FOUND")
        assert_problem(await ada.client.get(f"{EXPORTS}/{uuid4()}"), 404, "EXPORT_NOT_FOUND")

    async def test_is_for_those_who_have_signed_in(self, visitor: httpx2.AsyncClient) -> None:
        assert_problem(await visitor.post(EXPORTS), 401, "UNAUTHENTICATED")


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
