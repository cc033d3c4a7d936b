"""What compose.yaml promises in writing; test_stack.py starts what it describes."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.core.config import Settings
from tests.deploy.composing import COMPOSE, environment, fill_in, server_names, services


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str | None]:
    """The filled-in .env."""
    return fill_in(tmp_path)


class TestFile:
    @pytest.fixture
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
        return content

    def test_every_container_is_hardened_and_bounded(self, variables: dict[str, str | None]) -> None:
        for name, service in services(variables).items():
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
            assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}, name
            assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
            assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name
            assert "privileged" not in service
            assert "build" in service or service["user"] not in {"root", "0"}, name

    def test_only_the_proxy_is_reached_from_outside(self, variables: dict[str, str | None]) -> None:
        found = services(variables)
        assert [name for name, service in found.items() if "ports" in service] == ["proxy"]
        assert {name for name, service in found.items() if "edge" in service["networks"]} == {"proxy", "app"}

    def test_what_keeps_data_is_cut_off_from_the_world(self, content: dict[str, Any]) -> None:
        assert content["networks"]["internal"] == {"internal": True}
        assert [content["services"][name]["networks"] for name in ("postgres", "redis")] == [["internal"]] * 2
        assert content["volumes"].keys() == {"data", "postgres"}

    def test_the_service_believes_the_proxys_address_and_no_other(self, variables: dict[str, str | None]) -> None:
        found = services(variables)
        believed = environment(found["app"], variables)["FORWARDED_ALLOW_IPS"]
        assert found["proxy"]["networks"]["edge"]["ipv4_address"] == believed

    def test_every_image_has_a_version_and_no_secret_is_written_down(self, content: dict[str, Any]) -> None:
        images = [service["image"] for service in content["services"].values() if "build" not in service]
        assert all(re.search(r":\d+(\.\d+)?-\w+$", image) for image in images), images
        text = COMPOSE.read_text(encoding="utf-8")
        assert not re.findall(r"(?i)^ *\w*(?:password|secret|key): +(?!\$\{)\S+", text, re.MULTILINE)

    def test_what_is_started_first_is_waited_for(self, content: dict[str, Any]) -> None:
        waits = {
            (name, other): condition["condition"]
            for name, service in content["services"].items()
            for other, condition in service.get("depends_on", {}).items()
        }
        assert waits == {
            ("proxy", "app"): "service_healthy",
            ("app", "migrate"): "service_completed_successfully",
            ("app", "postgres"): "service_healthy",
            ("app", "redis"): "service_healthy",
            ("worker", "migrate"): "service_completed_successfully",
            ("worker", "postgres"): "service_healthy",
            ("worker", "redis"): "service_healthy",
            ("migrate", "postgres"): "service_healthy",
        }

    def test_requests_in_flight_end_before_the_engine_loses_patience(self, variables: dict[str, str | None]) -> None:
        grace = Settings.model_fields["shutdown_grace_seconds"].default
        for name in ("app", "worker"):
            assert int(services(variables)[name]["stop_grace_period"].removesuffix("s")) > grace

    def test_jobs_are_done_by_the_worker_and_by_nobody_else(self, variables: dict[str, str | None]) -> None:
        found = services(variables)
        assert environment(found["app"], variables)["JOBS_EMBEDDED_WORKER"] == "false"
        assert [name for name, service in found.items() if service.get("command", [])[-1:] == ["worker"]] == ["worker"]
        assert found["worker"]["volumes"] == found["app"]["volumes"]  # what it writes is read there
        assert "outward" in found["worker"]["networks"]  # and it sends mail

    @pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "POSTGRES_PASSWORD", "REDIS_PASSWORD"])
    def test_nothing_starts_without_what_is_secret(self, variables: dict[str, str | None], name: str) -> None:
        with pytest.raises(LookupError, match=f"{name} is missing"):
            services({**variables, name: ""})

    @pytest.mark.parametrize(
        ("allowed", "names"),
        [
            ("api.test", ["api.test"]),
            ("a.test,b.test", ["a.test", "b.test"]),
            ("a.test, *.b.test , [::1]", ["a.test", "*.b.test", "[::1]"]),
            ('["a.test", "b.test"]', ["a.test", "b.test"]),
        ],
    )
    def test_the_proxy_answers_every_host_that_the_service_answers(
        self, variables: dict[str, str | None], allowed: str, names: list[str]
    ) -> None:
        proxy = services({**variables, "ALLOWED_HOSTS": allowed})["proxy"]
        assert server_names(proxy).split() == names
