"""How the service is doing, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from lintel.testing._process import free_port
from tests.app.conftest import assert_problem
from tests.conftest import ON_SQLITE, Person, RunningService

pytestmark = pytest.mark.anyio

PREFIXES = pytest.mark.parametrize("prefix", ["", "/api/v1"])


@pytest.fixture
async def cut_off(start: Callable[..., Any]) -> RunningService:
    """A service whose database does not answer, and that has found out."""
    running: RunningService = await start(database_url=f"postgresql://x:secret@127.0.0.1:{free_port()}/x")
    await running.services.monitor.check()
    return running


@PREFIXES
class TestHealth:
    async def test_answers_anybody(self, visitor: httpx2.AsyncClient, prefix: str) -> None:
        answer = await visitor.get(f"{prefix}/health")
        body = answer.json()
        assert (answer.status_code, sorted(body)) == (200, ["services", "status", "timestamp", "version"])
        assert (body["status"], body["version"], body["services"]) == (
            "healthy",
            "1.0.0",
            {"database": True, "storage": True},
        )

    @ON_SQLITE
    async def test_answers_200_while_the_database_is_down(self, cut_off: RunningService, prefix: str) -> None:
        answer = await (await cut_off.visitor()).get(f"{prefix}/health")
        assert answer.status_code == 200
        assert (answer.json()["status"], answer.json()["services"]) == (
            "unhealthy",
            {"database": False, "storage": True},
        )

    async def test_answers_head_and_its_slashed_twin(self, visitor: httpx2.AsyncClient, prefix: str) -> None:
        head = await visitor.head(f"{prefix}/health")
        assert (head.status_code, head.content) == (200, b"")
        assert (await visitor.get(f"{prefix}/health/")).status_code == 200

    async def test_is_not_allowed_with_other_methods(self, visitor: httpx2.AsyncClient, prefix: str) -> None:
        answer = await visitor.post(f"{prefix}/health")
        assert_problem(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "GET, HEAD"

    async def test_takes_no_parameters(self, visitor: httpx2.AsyncClient, prefix: str) -> None:
        assert_problem(await visitor.get(f"{prefix}/health?x=1"), 422, "VALIDATION_ERROR", "/query/x")


@PREFIXES
class TestReady:
    async def test_answers_while_everything_is_well(self, visitor: httpx2.AsyncClient, prefix: str) -> None:
        answer = await visitor.get(f"{prefix}/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "healthy")

    @ON_SQLITE
    async def test_is_unavailable_without_the_database_and_reveals_nothing(
        self, cut_off: RunningService, prefix: str
    ) -> None:
        answer = await (await cut_off.visitor()).get(f"{prefix}/ready")
        assert_problem(answer, 503, "SERVICE_UNAVAILABLE")
        assert (answer.json()["detail"], answer.headers["retry-after"]) == ("Not ready: database.", "1")
        assert ("127.0.0.1" in answer.text, "secret" in answer.text) == (False, False)

    @ON_SQLITE
    async def test_is_unavailable_while_shutting_down(self, service: RunningService, prefix: str) -> None:
        service.app.state.health.draining = True
        visitor = await service.visitor()
        assert_problem(await visitor.get(f"{prefix}/ready"), 503, "SERVICE_UNAVAILABLE")
        assert (await visitor.get(f"{prefix}/health")).status_code == 200


@PREFIXES
class TestDetailedHealth:
    async def test_tells_administrators_about_each_check(self, admin: Person, prefix: str) -> None:
        answer = await admin.client.get(f"{prefix}/health/detailed")
        assert answer.status_code == 200, answer.text
        check = answer.json()["checks"]["database"]
        assert (check["status"], check["reason"], check["latency_ms"] > 0) == ("healthy", None, True)

    async def test_is_closed_to_everybody_else(self, ada: Person, visitor: httpx2.AsyncClient, prefix: str) -> None:
        assert_problem(await visitor.get(f"{prefix}/health/detailed"), 401, "UNAUTHENTICATED")
        assert_problem(await ada.client.get(f"{prefix}/health/detailed"), 403, "FORBIDDEN")
