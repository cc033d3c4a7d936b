import asyncio
import socket
from collections.abc import Iterator

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from structlog.typing import EventDict

from lintel.observability import HealthMonitor, redis_check

pytestmark = pytest.mark.anyio


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Where somebody listens, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://:hunter2@127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.fixture
def dead_url() -> Iterator[str]:
    """A port that is ours, so that nobody else can listen on it; nor do we."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"redis://:hunter2@127.0.0.1:{taken.getsockname()[1]}/0"


@pytest.mark.services
class TestRunningServer:
    async def test_is_well(self, redis_url: str) -> None:
        result = (await HealthMonitor({"redis": redis_check(redis_url)}).check())["redis"]
        assert (result.healthy, result.reason) == (True, None)

    async def test_can_be_asked_again(self, redis_url: str) -> None:
        check = redis_check(redis_url)
        await check()
        await check()

    async def test_a_wrong_password_is_an_error(self, redis_url: str) -> None:
        url = redis_url.replace("redis://", "redis://ada:hunter2@", 1)
        result = (await HealthMonitor({"redis": redis_check(url)}).check())["redis"]
        assert (result.healthy, result.reason) == (False, "error")


class TestNoServer:
    async def test_a_dead_port_is_an_error(self, dead_url: str) -> None:
        result = (await HealthMonitor({"redis": redis_check(dead_url)}).check())["redis"]
        assert (result.healthy, result.reason) == (False, "error")

    async def test_a_silent_one_is_given_up(self, silent_url: str) -> None:
        result = (await HealthMonitor({"redis": redis_check(silent_url)}, timeout=0.1).check())["redis"]
        assert (result.healthy, result.reason) == (False, "timeout")

    async def test_a_silent_one_is_given_up_without_a_deadline_too(
        self, silent_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("lintel.observability._redis.CONNECT_TIMEOUT", 0.05)
        async with asyncio.timeout(8):
            with pytest.raises(RedisTimeoutError):
                await redis_check(silent_url)()

    async def test_the_address_is_not_told(self, dead_url: str, log_records: list[EventDict]) -> None:
        result = await HealthMonitor({"redis": redis_check(dead_url)}).check()
        assert "hunter2" not in f"{result}{log_records}"
        assert len(log_records) == 1

    async def test_nothing_is_connected_before_the_check_runs(self, dead_url: str) -> None:
        check = redis_check(dead_url)
        with pytest.raises(RedisConnectionError):
            await check()
