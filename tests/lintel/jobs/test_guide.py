"""The Python of docs/guides/jobs.md, run as it stands there."""

import ast
import inspect
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import pytest

from lintel.jobs import Worker
from tests.lintel.jobs.conftest import ON_SQLITE, Office

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "guides" / "jobs.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


async def run(block: str, names: dict[str, Any]) -> None:
    waiting = eval(compile(block, "jobs.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)  # noqa: S307
    if inspect.iscoroutine(waiting):
        await waiting


@ON_SQLITE
async def test_its_job_is_done(office: Office) -> None:
    names: dict[str, Any] = {"database": office.database, "queue": office.queue, "__name__": "guide"}
    job, ask, _, _ = BLOCKS
    await run(job, names)
    await run(ask, names)
    async with Worker(office.queue, names["handlers"]).running():
        row = await office.done(names["job_id"])
    assert (row.result, row.progress) == ({"pages": 3}, 100)


@ON_SQLITE
async def test_its_endpoint_says_where_the_job_is(office: Office) -> None:
    names: dict[str, Any] = {"database": office.database, "queue": office.queue, "__name__": "guide"}
    for block in (BLOCKS[0], BLOCKS[2]):
        await run(block, names)
    transport = httpx2.ASGITransport(app=names["app"])
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.post("/reports", params={"pages": 2})
    job_id = answer.json()["job_id"]
    assert (answer.status_code, answer.headers["location"]) == (202, f"/api/v1/jobs/{job_id}")
    async with Worker(office.queue, names["handlers"]).running():
        assert (await office.done(UUID(job_id))).result == {"pages": 2}


async def test_its_child_answers() -> None:
    names: dict[str, Any] = {"__name__": "guide"}
    await run(BLOCKS[3], names)
    assert names["words"] == ["to", "a", "child", "and", "back"]
