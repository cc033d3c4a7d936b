"""Row 44 and EB-12: who may read /metrics, and what it says of the service's own routes."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.conftest import Oracle
from tests.conftest import IN_PRODUCTION, ON_SQLITE, Person, RunningService
from tests.metrics import samples

pytestmark = [pytest.mark.anyio, ON_SQLITE]

HOST = {"host": "localhost"}


def as_(person: Person) -> dict[str, str]:
    return {**HOST, "authorization": f"Bearer {person.token}"}


class TestWhoMayRead:
    async def test_administrators(self, oracle: Oracle, ada: Person, admin: Person) -> None:
        await oracle.request("GET", "/metrics", headers=HOST, expected={401})
        await oracle.request("GET", "/metrics", headers=as_(ada), expected={403})
        await oracle.request("GET", "/metrics", headers=as_(admin), expected={200})

    async def test_administrators_in_production(self, oracle_of: Callable[..., Any]) -> None:
        oracle: Oracle = await oracle_of(**IN_PRODUCTION)
        await oracle.request("GET", "/metrics", headers=HOST, expected={401})

    async def test_nobody_where_they_are_off(self, oracle_of: Callable[..., Any]) -> None:
        oracle: Oracle = await oracle_of(metrics="off")
        await oracle.request("GET", "/metrics", headers=HOST, expected={404})

    async def test_everybody_where_they_are_open(self, oracle_of: Callable[..., Any]) -> None:
        oracle: Oracle = await oracle_of(metrics="open")
        answer = await oracle.request("GET", "/metrics", headers=HOST, expected={200})
        assert b"http_requests_total" in answer.body

    async def test_however_often(self, oracle_of: Callable[..., Any]) -> None:
        oracle: Oracle = await oracle_of(metrics="open", rate_limit_per_minute=1)
        for _ in range(5):
            answer = await oracle.request("GET", "/metrics", headers=HOST, expected={200})
            assert answer.header("ratelimit") is None


class TestWhatTheySay:
    async def test_every_answer_counts_whoever_gave_it(self, start: Callable[..., Any]) -> None:
        service: RunningService = await start(metrics="open", rate_limit_per_minute=7, max_request_bytes=1_024)
        visitor = await service.visitor()
        await visitor.get("/health")
        await visitor.get("/api/v1/health")
        for _ in range(2):
            await visitor.get("/api/v1/analyses")
        await visitor.get("/api/v2/analyses")
        await visitor.get("/api/v1/analyses/4711")
        await visitor.get("/nowhere")
        await visitor.get("/health", headers={"host": "elsewhere.test"})
        await visitor.post("/api/v1/auth/register", content=b"x" * 2_000, headers={"content-type": "application/json"})
        await visitor.post("/api/v1/auth/register", json={})
        await visitor.get("/api/v1/analyses/4712")
        counted = samples((await visitor.get("/metrics")).text, "http_requests_total")
        assert counted == {
            ("GET", "/health", "200"): 1,
            ("GET", "/api/v1/health", "200"): 1,
            ("GET", "/api/v1/analyses", "401"): 2,
            ("GET", "/api/v2/analyses", "401"): 1,
            ("GET", "/api/v1/analyses/{analysis_id}", "401"): 1,
            ("GET", "unmatched", "404"): 1,
            ("GET", "unmatched", "400"): 1,
            ("POST", "/api/v1/auth/register", "413"): 1,
            ("POST", "/api/v1/auth/register", "422"): 1,
            ("GET", "unmatched", "429"): 1,
        }
