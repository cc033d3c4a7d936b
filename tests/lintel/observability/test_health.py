import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from structlog.typing import EventDict

from lintel.observability import Check, HealthMonitor

pytestmark = pytest.mark.anyio

SECRET = "postgresql://ada:hunter2@db.internal:5432/lintel"


async def well() -> None: ...


async def ill() -> None:
    raise ConnectionRefusedError(SECRET)


async def slow() -> None:
    await asyncio.sleep(0.1)


async def stuck() -> None:
    await asyncio.Event().wait()


class Counted:
    """A check that notes how often it was run, and waits until it may end."""

    def __init__(self) -> None:
        self.runs = 0
        self.may_end = asyncio.Event()
        self.began = asyncio.Event()

    async def __call__(self) -> None:
        self.runs += 1
        self.began.set()
        await self.may_end.wait()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # noqa: ASYNC110 - of what is being tested, nothing sets an event
            await asyncio.sleep(0.005)


class TestCheck:
    async def test_tells_each_dependency_apart(self) -> None:
        results = await HealthMonitor({"a": well, "b": ill}).check()
        assert {name: result.healthy for name, result in results.items()} == {"a": True, "b": False}
        assert all(result.latency_ms >= 0 for result in results.values())

    async def test_without_dependencies_finds_nothing_wrong(self) -> None:
        assert await HealthMonitor({}).check() == {}

    async def test_runs_all_side_by_side(self) -> None:
        together = asyncio.Barrier(3)  # opens when three are there

        async def meet() -> None:
            await together.wait()

        results = await HealthMonitor({"a": meet, "b": meet, "c": meet}).check()
        assert all(result.healthy for result in results.values())
        assert (await HealthMonitor({"a": slow}).check())["a"].latency_ms >= 90

    async def test_ends_what_takes_too_long(self) -> None:
        results = await HealthMonitor({"a": stuck, "b": well}, timeout=0.05).check()
        assert (results["a"].healthy, results["a"].reason) == (False, "timeout")
        assert 45 <= results["a"].latency_ms < 1_000
        assert results["b"].healthy

    @pytest.mark.parametrize(
        ("error", "reason"),
        [(ConnectionRefusedError(SECRET), "error"), (ValueError(SECRET), "error"), (TimeoutError(SECRET), "timeout")],
        ids=lambda value: value if isinstance(value, str) else type(value).__name__,
    )
    async def test_reasons_reveal_nothing(self, error: Exception, reason: str, log_records: list[EventDict]) -> None:
        async def check() -> None:
            raise error

        result = (await HealthMonitor({"a": check}).check())["a"]
        assert (result.healthy, result.reason) == (False, reason)
        assert "hunter2" not in f"{result}{log_records}"

    async def test_the_log_says_which_kind_of_error_it_was(self, log_records: list[EventDict]) -> None:
        await HealthMonitor({"database": ill}).check()
        [record] = log_records
        assert (record["check"], record["error"]) == ("database", "ConnectionRefusedError")

    async def test_callers_at_the_same_moment_share_one_run(self) -> None:
        check = Counted()
        monitor = HealthMonitor({"a": check})
        callers = [asyncio.create_task(monitor.check()) for _ in range(10)]
        await check.began.wait()
        check.may_end.set()
        first, *others = await asyncio.gather(*callers)
        assert check.runs == 1
        assert all(other is first for other in others)

    async def test_a_caller_after_them_gets_a_run_of_its_own(self) -> None:
        check = Counted()
        check.may_end.set()
        monitor = HealthMonitor({"a": check})
        await monitor.check()
        await monitor.check()
        assert check.runs == 2

    async def test_a_caller_who_leaves_takes_the_run_from_nobody(self) -> None:
        check = Counted()
        monitor = HealthMonitor({"a": check})
        leaving, staying = asyncio.create_task(monitor.check()), asyncio.create_task(monitor.check())
        await check.began.wait()
        leaving.cancel()
        await asyncio.wait([leaving])
        check.may_end.set()
        assert (await staying)["a"].healthy
        assert check.runs == 1


class TestServices:
    async def test_count_as_well_before_the_first_check(self) -> None:
        monitor = HealthMonitor({"a": ill, "b": well})
        assert monitor.services == {"a": True, "b": True}

    async def test_are_what_the_last_check_found(self) -> None:
        states: list[Check] = [well, ill, well]

        async def changing() -> None:
            await states.pop(0)()

        monitor = HealthMonitor({"a": changing, "b": well})
        found = []
        for _ in range(3):
            await monitor.check()
            found.append(monitor.services)
        assert found == [{"a": True, "b": True}, {"a": False, "b": True}, {"a": True, "b": True}]

    async def test_are_told_without_waiting_for_a_check(self) -> None:
        check = Counted()
        monitor = HealthMonitor({"a": check})
        running = asyncio.create_task(monitor.check())
        await check.began.wait()
        assert monitor.services == {"a": True}
        check.may_end.set()
        await running

    async def test_the_caller_may_change_the_answer_and_the_checks(self) -> None:
        checks: dict[str, Check] = {"a": well}
        monitor = HealthMonitor(checks)
        monitor.services["a"] = False
        checks["b"] = ill
        assert monitor.services == {"a": True}
        assert list(await monitor.check()) == ["a"]


class TestCheckedAt:
    async def test_is_when_the_last_checks_ended(self) -> None:
        monitor = HealthMonitor({"a": slow})
        made, before = monitor.checked_at, datetime.now(UTC)
        await monitor.check()
        assert made <= before < monitor.checked_at <= datetime.now(UTC)
        assert monitor.checked_at.tzinfo is UTC


class TestWatching:
    async def test_checks_at_once_and_again_and_again(self) -> None:
        check = Counted()
        check.may_end.set()
        async with HealthMonitor({"a": check}, interval=0.01).watching():
            await until(lambda: check.runs >= 3)
        assert check.runs >= 3

    async def test_waits_its_interval_between(self) -> None:
        check = Counted()
        check.may_end.set()
        async with HealthMonitor({"a": check}, interval=60).watching():
            await until(lambda: check.runs > 0)
            await asyncio.sleep(0.05)
        assert check.runs == 1

    async def test_stops_with_the_service(self) -> None:
        check = Counted()
        check.may_end.set()
        before = asyncio.all_tasks()
        async with HealthMonitor({"a": check}, interval=0.001).watching():
            await until(lambda: check.runs > 0)
        runs = check.runs
        assert asyncio.all_tasks() == before
        await asyncio.sleep(0.03)
        assert check.runs == runs

    async def test_a_check_under_way_ends_before_the_service_has_stopped(self) -> None:
        ended = []

        async def check() -> None:
            await asyncio.sleep(0.05)
            ended.append("check")

        async with HealthMonitor({"a": check}).watching():
            await asyncio.sleep(0.01)
        assert ended == ["check"]

    async def test_a_check_that_is_stuck_holds_the_end_up_for_its_deadline_only(self) -> None:
        started = time.perf_counter()
        async with HealthMonitor({"a": stuck}, timeout=0.05).watching():
            await asyncio.sleep(0.01)
        assert time.perf_counter() - started < 1

    async def test_goes_on_over_errors(self) -> None:
        monitor = HealthMonitor({"a": ill}, interval=0.01)
        async with monitor.watching():
            await until(lambda: monitor.services == {"a": False})
            last = monitor.checked_at
            await until(lambda: monitor.checked_at > last)
        assert monitor.services == {"a": False}

    async def test_nothing_was_begun_where_it_ends_at_once(self) -> None:
        check = Counted()
        async with HealthMonitor({"a": check}).watching():
            pass
        assert check.runs == 0

    async def test_drains_at_the_end_and_no_longer_at_another_start(self) -> None:
        monitor = HealthMonitor({"a": well})
        for _ in range(2):
            async with monitor.watching():
                assert monitor.draining is False
            assert monitor.draining is True

    async def test_drains_where_the_service_fails_too(self) -> None:
        monitor = HealthMonitor({"a": well})
        with pytest.raises(OSError, match="power"):
            async with monitor.watching():
                raise OSError("power")
        assert monitor.draining is True
