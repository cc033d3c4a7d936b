"""What is counted about requests and the process."""

import time

import pytest
from prometheus_client import REGISTRY, Gauge

from lintel.observability import Metrics
from tests.metrics import samples


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def count(metrics: Metrics, method: str = "GET", endpoint: str | None = "/words", status: int = 200) -> None:
    metrics.http.of(method, endpoint).count(status, 0.002)


class TestRequests:
    def test_are_counted_by_method_route_and_status(self, metrics: Metrics) -> None:
        for status in (200, 200, 500):
            count(metrics, status=status)
        count(metrics, "POST")
        found = samples(metrics.text(), "http_requests_total")
        assert found == {
            ("GET", "/words", "200"): 2,
            ("GET", "/words", "500"): 1,
            ("POST", "/words", "200"): 1,
        }

    def test_are_timed_by_method_and_route(self, metrics: Metrics) -> None:
        for seconds in (0.0004, 0.003, 60):
            metrics.http.of("GET", "/words").count(200, seconds)
        assert samples(metrics.text(), "http_request_duration_seconds_count") == {("GET", "/words"): 3}
        total = samples(metrics.text(), "http_request_duration_seconds_sum")[("GET", "/words")]
        assert total == pytest.approx(60.0034)
        buckets = samples(metrics.text(), "http_request_duration_seconds_bucket")
        assert [buckets[("GET", "/words", le)] for le in ("0.001", "0.005", "10.0", "+Inf")] == [1, 2, 2, 3]

    def test_in_flight_are_a_gauge_by_method_and_route(self, metrics: Metrics) -> None:
        gauge = metrics.http.of("GET", "/words").in_flight
        gauge.inc()
        assert samples(metrics.text(), "http_active_requests") == {("GET", "/words"): 1}
        gauge.dec()
        assert samples(metrics.text(), "http_active_requests") == {("GET", "/words"): 0}

    def test_have_a_bounded_number_of_labels(self, metrics: Metrics) -> None:
        """TRAP-97."""
        for number in range(1_000):
            count(metrics, f"BREW{number}", None, 404)
            metrics.http.of(f"BREW{number}", None).in_flight.inc()
        assert samples(metrics.text(), "http_requests_total") == {("other", "unmatched", "404"): 1_000}
        assert samples(metrics.text(), "http_active_requests") == {("other", "unmatched"): 1_000}
        assert len(metrics.http._endpoints) == 1


class TestProcess:
    def test_has_its_memory_and_processor_time(self, metrics: Metrics) -> None:
        for name in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"):
            assert samples(metrics.text(), name)[()] > 0
        assert samples(metrics.text(), "process_start_time_seconds")[()] < time.time()


class TestApart:
    def test_two_applications_share_nothing(self) -> None:
        one, two = Metrics(), Metrics()
        count(one)
        assert samples(two.text(), "http_requests_total") == {}

    def test_nothing_is_registered_for_the_whole_process(self, metrics: Metrics) -> None:
        count(metrics)
        assert not [family.name for family in REGISTRY.collect() if family.name.startswith("http_")]

    def test_an_application_may_add_its_own(self, metrics: Metrics) -> None:
        Gauge("jobs_waiting", "Jobs.", registry=metrics.registry).set(7)
        assert samples(metrics.text(), "jobs_waiting") == {(): 7}
