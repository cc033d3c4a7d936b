import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider
from structlog.typing import EventDict

from lintel.flags import Flag
from lintel.flags.openfeature import OpenFeatureFlags
from lintel.testing.conformance import FlagsConformance
from lintel.testing.conformance._flags import ADA, OFF, ON, OVERRIDES

pytestmark = pytest.mark.anyio


class Vendor(InMemoryProvider):
    """Somebody else's flags, which may fail in every way."""

    def __init__(self) -> None:
        super().__init__({})
        self.fault: Exception | None = None
        self.start_fault: Exception | None = None
        self.delay = 0.0
        self.is_shut_down = False

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        if self.start_fault is not None:
            raise self.start_fault

    def shutdown(self) -> None:
        self.is_shut_down = True

    async def resolve_boolean_details_async(self, *args: Any, **kwargs: Any) -> FlagResolutionDetails[bool]:
        await asyncio.sleep(self.delay)
        if self.fault is not None:
            raise self.fault
        return await super().resolve_boolean_details_async(*args, **kwargs)

    def switch(self, flag: Flag, *, on: bool, user_ids: frozenset[int] = frozenset()) -> None:
        def decide(_: object, context: EvaluationContext) -> FlagResolutionDetails[bool]:
            is_meant = not user_ids or context.targeting_key in {str(user) for user in user_ids}
            return FlagResolutionDetails(value=on and is_meant, reason=Reason.TARGETING_MATCH)

        self._flags[flag.name] = InMemoryFlag("on", {"on": True}, context_evaluator=decide)


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
async def flags(vendor: Vendor) -> AsyncIterator[OpenFeatureFlags]:
    flags = OpenFeatureFlags(vendor, overrides=OVERRIDES, deadline=0.2)
    async with flags.opened():
        yield flags


class TestConformance(FlagsConformance):
    @pytest.fixture(autouse=True)
    def _vendor(self, vendor: Vendor) -> None:
        self.vendor = vendor

    async def switch(self, flag: Flag, *, on: bool, user_ids: frozenset[int] = frozenset()) -> None:
        self.vendor.switch(flag, on=on, user_ids=user_ids)

    async def break_down(self) -> None:
        self.vendor.fault = OSError("hunter2")


class TestVendor:
    @pytest.mark.parametrize(("fault", "delay"), [(OSError("hunter2"), 0), (None, 60)])
    async def test_that_fails_is_the_default_and_logged_once(
        self,
        flags: OpenFeatureFlags,
        vendor: Vendor,
        log_records: list[EventDict],
        fault: Exception | None,
        delay: float,
    ) -> None:
        vendor.switch(OFF, on=True)
        vendor.fault, vendor.delay = fault, delay
        for _ in range(2):
            assert [await flags.is_on(flag, ADA) for flag in (OFF, ON)] == [False, True]
        vendor.fault, vendor.delay = None, 0
        assert await flags.is_on(OFF, ADA)
        assert [record["log_level"] for record in log_records] == ["error", "warning"]
        assert "hunter2" not in str(log_records)

    async def test_that_does_not_start_keeps_nobody_from_starting(
        self, vendor: Vendor, log_records: list[EventDict]
    ) -> None:
        vendor.start_fault = OSError("hunter2")
        flags = OpenFeatureFlags(vendor, overrides={})
        async with flags.opened():
            assert await flags.is_on(ON, ADA)
        assert [record["log_level"] for record in log_records] == ["error", "warning"]

    async def test_is_shut_down_at_the_end(self, vendor: Vendor) -> None:
        async with OpenFeatureFlags(vendor, overrides={}).opened():
            assert not vendor.is_shut_down
        assert vendor.is_shut_down
