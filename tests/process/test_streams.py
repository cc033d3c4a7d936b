"""acceptance.md rows 17 and 96, of streams of events: a server that ends is not held by them."""

import asyncio
import json
import time
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import insert

from app.core.config import Settings
from app.jobs import PurgeJobs
from app.models import Job
from lintel.db import Database, utc_now
from lintel.settings import load_settings
from tests.process.conftest import StartServer, environment, server_process
from tests.process.sockets import ADMIN, sign_in

MANY = 20


def events(lines: list[str]) -> list[tuple[str, object]]:
    """Names and data of the events in the lines of a stream."""
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return list(zip(names, data, strict=True))


@pytest.fixture(params=["1", pytest.param("2", marks=pytest.mark.services)])
def env(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """One server process and two; with a poll that is too far away to matter."""
    shared = {"REDIS_URL": request.getfixturevalue("redis_url")} if request.param == "2" else {}
    values = {"WORKERS": request.param, "SSE_POLL_SECONDS": "300", "REALTIME_RECHECK_SECONDS": "60"}
    return environment(tmp_path / "data", **shared, **values)


@pytest.mark.slow
def test_open_streams_end_with_the_service_and_do_not_hold_it(tmp_path: Path, env: dict[str, str]) -> None:
    with server_process(["tests.process.streaming"], tmp_path, env) as server, ExitStack() as stack:
        streams = []
        for _ in range(MANY):
            client = stack.enter_context(httpx2.Client(base_url=server.url, timeout=30))
            stream = stack.enter_context(client.stream("GET", "/events"))
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            assert [next(lines) for _ in range(2)] == ["event: state", 'data: {"number": 1}']
            streams.append(lines)
        idle = httpx2.get(f"{server.url}/health", headers={"Connection": "close"}).json()
        assert idle == {"checked_out": 0}
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 10
        for lines in streams:
            assert events(list(lines))[-1] == ("end", {"reason": "shutdown"})
    assert "error" not in server.output.lower().replace("uvicorn.error", "")
    assert "Traceback" not in server.output


def test_what_the_reader_has_is_not_sent_again(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", SSE_MAX_SECONDS="0.3", SSE_POLL_SECONDS="0.1")
    with server_process(["tests.process.streaming"], tmp_path, env) as server, server.client() as client:
        fresh, again = (client.get("/events", headers=headers) for headers in ({}, {"Last-Event-ID": "1"}))
    end = ("end", {"reason": "lifetime"})
    assert events(fresh.text.splitlines()) == [("state", {"number": 1}), end]
    assert events(again.text.splitlines()) == [end]
    assert {"id: 1", "retry: 1000"} <= set(fresh.text.splitlines())


def test_a_job_is_followed_from_its_submission_to_its_end(start_server: StartServer, tmp_path: Path) -> None:
    far_away = {"SSE_POLL_SECONDS": "300", "REALTIME_RECHECK_SECONDS": "60"}  # news alone tell when to look
    root = sign_in(start_server(**ADMIN, **far_away))
    job_id = asyncio.run(failed_job(tmp_path / "data"))
    path = f"/api/v1/jobs/{job_id}/events"
    with root.server.client() as client:
        over = client.get(path, headers=root.headers)
        assert [data["status"] for _, data in events(over.text.splitlines())] == ["error"]  # type: ignore[index]
        assert root.request("POST", f"/jobs/{job_id}/retry").status_code == 202
        submitted = time.monotonic()
        with client.stream("GET", path, headers=root.headers) as stream:
            lines = stream.iter_lines()
            first = [next(lines), next(lines)]
            assert time.monotonic() - submitted < 2  # ten times what it may take
            seen = events([*first, *lines])
    assert {name for name, _ in seen} == {"job"}
    assert [data["status"] for _, data in seen][-1] == "completed"  # type: ignore[index]


async def failed_job(data_dir: Path) -> UUID:
    """A job that was given up, left in the file of a running service."""
    database = Database(load_settings(Settings, env_file=None, data_dir=data_dir))
    async with database.opened(), database.writer.begin() as connection:
        values = {"kind": PurgeJobs.kind, "payload": {}, "status": "error", "finished_at": utc_now(), "owner_id": 1}
        return (await connection.execute(insert(Job).values(**values).returning(Job.id))).scalar_one()
