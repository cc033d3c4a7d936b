"""Switching, without HTTP."""

import pytest
from openfeature.provider.in_memory_provider import InMemoryProvider
from structlog.typing import EventDict

from app.core.enums import AnalysisType, UserRole
from app.core.exceptions import AnalysesPaused, FlagNotFound, FlagsDecidedElsewhere
from app.core.flags import ANALYSES
from app.schemas.analyses import AnalysisCreate
from app.schemas.flags import FlagRuleWrite
from app.services.container import Services
from lintel.security import Principal
from tests.app.conftest import ServicesFactory, add_user, principal_of

pytestmark = pytest.mark.anyio

ROOT = Principal(1)
OFF = FlagRuleWrite(enabled=False)
TEXT = AnalysisCreate(text_content="Lovely.", analysis_type=AnalysisType.SENTIMENT)


def make_vendor() -> object:
    """A vendor's provider that knows nothing."""
    return InMemoryProvider({})


class TestRule:
    async def test_is_made_replaced_and_deleted(self, services: Services) -> None:
        assert (await services.flags.get_flag("analyses")).rule is None
        for rule in (OFF, FlagRuleWrite(enabled=True, percentage=12.5, user_ids=[7], roles=[UserRole.ADMIN])):
            made = await services.flags.set_rule(ROOT, "analyses", rule)
            assert await services.flags.get_flag("analyses") == made
            assert made.rule is not None
            assert made.rule.model_dump(exclude={"updated_at"}) == rule.model_dump(mode="json")
        await services.flags.delete_rule(ROOT, "analyses")
        assert (await services.flags.get_flag("analyses")).rule is None
        with pytest.raises(FlagNotFound):
            await services.flags.delete_rule(ROOT, "analyses")

    async def test_of_what_nobody_declared_there_is_none(self, services: Services) -> None:
        for asking in (
            services.flags.get_flag("other"),
            services.flags.set_rule(ROOT, "other", OFF),
            services.flags.delete_rule(ROOT, "other"),
        ):
            with pytest.raises(FlagNotFound):
                await asking

    async def test_is_audited(self, services: Services, log_records: list[EventDict]) -> None:
        await services.flags.set_rule(ROOT, "analyses", OFF)
        await services.flags.delete_rule(ROOT, "analyses")
        audited = [(record["event"], record["flag"], record["by"]) for record in log_records]
        assert audited == [("flag changed", "analyses", 1), ("flag reset", "analyses", 1)]


class TestVendor:
    async def test_decides_alone(self, make_services: ServicesFactory) -> None:
        services = await make_services(flags_provider=f"{__name__}:make_vendor")
        async with services.flags.opened():
            [state] = (await services.flags.list_flags(ROOT)).items
            assert state.on is ANALYSES.default
        for asking in (services.flags.set_rule(ROOT, "analyses", OFF), services.flags.delete_rule(ROOT, "analyses")):
            with pytest.raises(FlagsDecidedElsewhere):
                await asking


class TestAnalyses:
    async def test_are_refused_while_they_are_switched_off(self, services: Services) -> None:
        ada = principal_of(await add_user(services))
        before = await services.analyses.create_analysis(ada, TEXT)
        await services.flags.set_rule(ROOT, "analyses", OFF)
        with pytest.raises(AnalysesPaused):
            await services.analyses.create_analysis(ada, TEXT)
        assert await services.analyses.get_analysis(ada, before.id) == before
        await services.flags.delete_rule(ROOT, "analyses")
        await services.analyses.create_analysis(ada, TEXT)

    async def test_can_be_on_for_some(self, services: Services) -> None:
        ada, bob = [principal_of(await add_user(services, f"{name}@example.com")) for name in ("ada", "bob")]
        await services.flags.set_rule(ROOT, "analyses", FlagRuleWrite(enabled=True, percentage=0, user_ids=[ada.id]))
        await services.analyses.create_analysis(ada, TEXT)
        with pytest.raises(AnalysesPaused):
            await services.analyses.create_analysis(bob, TEXT)

    async def test_the_environment_wins(self, make_services: ServicesFactory) -> None:
        services = await make_services(flags={"analyses": False})
        ada = principal_of(await add_user(services))
        await services.flags.set_rule(ROOT, "analyses", FlagRuleWrite(enabled=True))
        with pytest.raises(AnalysesPaused):
            await services.analyses.create_analysis(ada, TEXT)
        assert (await services.flags.get_flag("analyses")).environment is False
