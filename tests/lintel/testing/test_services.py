from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from lintel.testing import RunningServer, ServerUnavailable, postgres_url, rabbitmq_url, redis_url
from lintel.testing._process import OwnProcess

ENTRANCES = [
    pytest.param(postgres_url, "TEST_DATABASE_URL", "postgres_server", id="postgres"),
    pytest.param(redis_url, "TEST_REDIS_URL", "redis_server", id="redis"),
    pytest.param(rabbitmq_url, "TEST_RABBITMQ_URL", "rabbitmq_server", id="rabbitmq"),
]
Entrance = Callable[[], AbstractContextManager[str]]
pytestmark = pytest.mark.parametrize(("entrance", "variable", "starter"), ENTRANCES)


@pytest.fixture(autouse=True)
def nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL", "TEST_RABBITMQ_URL", "CI"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def nothing_is_installed(monkeypatch: pytest.MonkeyPatch, starter: str) -> None:
    def start() -> AbstractContextManager[RunningServer]:
        raise ServerUnavailable("It is not installed.")

    monkeypatch.setattr(f"lintel.testing._services.{starter}", start)


class TestNamedServer:
    @pytest.mark.usefixtures("nothing_is_installed", "starter")
    def test_is_used_exactly_as_named_and_nothing_is_started(
        self, entrance: Entrance, variable: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(variable, "somewhere://Else:5/x?y=%20")
        with entrance() as url:
            assert url == "somewhere://Else:5/x?y=%20"


class TestOwnServer:
    @pytest.fixture
    def events(self, starter: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
        events: list[str] = []

        @contextmanager
        def start() -> Iterator[RunningServer]:
            events.append("started")
            yield RunningServer(url="own://server", folder=tmp_path, process=OwnProcess(command=[], folder=tmp_path))
            events.append("ended")

        monkeypatch.setattr(f"lintel.testing._services.{starter}", start)
        return events

    def test_runs_as_long_as_the_block(
        self, entrance: Entrance, variable: str, starter: str, events: list[str]
    ) -> None:
        with entrance() as url:
            assert url == "own://server"
            assert events == ["started"]
        assert events == ["started", "ended"]

    def test_is_used_where_the_variable_is_empty(
        self, entrance: Entrance, variable: str, events: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(variable, "")
        with entrance() as url:
            assert url == "own://server"


@pytest.mark.usefixtures("nothing_is_installed")
class TestNoServer:
    def test_skips_with_the_reason_and_the_way_out(self, entrance: Entrance, variable: str, starter: str) -> None:
        with pytest.raises(Skipped) as skipped, entrance():
            pass
        assert str(skipped.value) == f"It is not installed. Install it, or name a server in {variable}."

    def test_fails_in_ci(
        self, entrance: Entrance, variable: str, starter: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CI", "true")
        with pytest.raises(Failed, match=variable), entrance():
            pass

    def test_skips_where_ci_is_something_else(
        self, entrance: Entrance, variable: str, starter: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CI", "false")
        with pytest.raises(Skipped), entrance():
            pass
