import socket
from collections.abc import Iterator

import pytest

from lintel.observability import HealthMonitor, redis_check
from lintel.testing import free_port

pytestmark = pytest.mark.anyio


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Where somebody listens, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://:hunter2@127.0.0.1:{listener.getsockname()[1]}/0"


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
    async def test_a_dead_port_is_an_error_that_reveals_nothing(self) -> None:
        url = f"redis://:hunter2@127.0.0.1:{free_port()}/0"
        result = (await HealthMonitor({"redis": redis_check(url)}).check())["redis"]
        assert (result.healthy, result.reason) == (False, "error")

    async def test_a_silent_one_is_given_up(self, silent_url: str) -> None:
        result = (await HealthMonitor({"redis": redis_check(silent_url)}, timeout=0.1).check())["redis"]
        assert (result.healthy, result.reason) == (False, "timeout")

    async def test_asking_connects_only_when_the_check_runs(self) -> None:
        check = redis_check(f"redis://127.0.0.1:{free_port()}/0")
        with pytest.raises(ConnectionError):
            await check()
