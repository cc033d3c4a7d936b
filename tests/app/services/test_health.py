"""How the service is doing, without HTTP."""

import asyncio

import pytest

from app.services.health import HealthService
from lintel.errors import Unavailable
from lintel.observability import Check, HealthMonitor

pytestmark = pytest.mark.anyio


async def well() -> None:
    """Answers."""


async def ill() -> None:
    raise ConnectionError("db.internal:5432 refused user root")


async def mute() -> None:
    await asyncio.sleep(60)


def monitor_of(**checks: Check) -> HealthMonitor:
    return HealthMonitor(checks, timeout=0.05)


def service_of(**checks: Check) -> HealthService:
    return HealthService(monitor_of(**checks), "1.2.3")


class TestLast:
    def test_gives_what_was_never_checked_the_benefit_of_the_doubt(self) -> None:
        health = service_of(database=ill).last()
        assert (health.status, health.services, health.version) == ("healthy", {"database": True}, "1.2.3")

    async def test_tells_what_the_last_check_found(self) -> None:
        service = service_of(database=ill, redis=well)
        before = service.last()
        await service.detailed()
        after = service.last()
        assert (after.status, after.services) == ("unhealthy", {"database": False, "redis": True})
        assert after.timestamp > before.timestamp


class TestReady:
    async def test_answers_when_everything_is_well(self) -> None:
        health = await service_of(database=well).ready()
        assert (health.status, health.services) == ("healthy", {"database": True})

    @pytest.mark.parametrize(
        ("checks", "named"),
        [
            ({"database": ill, "redis": well}, "Not ready: database."),
            ({"database": well, "redis": mute}, "Not ready: redis."),
            ({"redis": ill, "database": mute}, "Not ready: database, redis."),
        ],
    )
    async def test_is_unavailable_and_names_what_is_not_well(self, checks: dict[str, Check], named: str) -> None:
        with pytest.raises(Unavailable) as failure:
            await service_of(**checks).ready()
        assert failure.value.detail == named

    async def test_is_unavailable_while_shutting_down(self) -> None:
        monitor = monitor_of(database=well)
        monitor.draining = True
        with pytest.raises(Unavailable, match="shutting down"):
            await HealthService(monitor, "1").ready()


class TestDetailed:
    async def test_tells_each_check_in_words_that_reveal_nothing(self) -> None:
        health = await service_of(database=ill, redis=mute, mail=well).detailed()
        reasons = {name: (check.status, check.reason) for name, check in health.checks.items()}
        assert reasons == {
            "database": ("unhealthy", "error"),
            "redis": ("unhealthy", "timeout"),
            "mail": ("healthy", None),
        }
        assert health.checks["redis"].latency_ms >= 50
        assert "db.internal" not in health.model_dump_json()

    async def test_agrees_with_itself(self) -> None:
        health = await service_of(database=ill, mail=well).detailed()
        assert health.services == {name: check.status == "healthy" for name, check in health.checks.items()}
        assert health.status == "unhealthy"
