import pytest

from app.core.limits import AUTH, KEY, STAFF, TEXTS, policies_of, tiers_of
from lintel.ratelimit import ANONYMOUS, Policy
from lintel.settings import SettingsError
from tests.conftest import SettingsFactory


class TestTiers:
    def test_nobody_has_one_of_their_own_unless_it_is_set(self, make_settings: SettingsFactory) -> None:
        assert tiers_of(make_settings()) == {}

    def test_each_has_what_is_set(self, make_settings: SettingsFactory) -> None:
        settings = make_settings(
            rate_limit_anonymous_per_minute="30", rate_limit_keys_per_minute=600, rate_limit_staff_per_minute=0
        )
        assert tiers_of(settings) == {
            ANONYMOUS: Policy("anonymous", 30, 60),
            KEY: Policy("key", 600, 60),
            STAFF: None,
        }


class TestPolicies:
    def test_are_by_the_minute_and_may_be_switched_off(self, make_settings: SettingsFactory) -> None:
        settings = make_settings(rate_limit_texts_per_minute=2_000, rate_limit_auth_per_minute=0)
        assert policies_of(settings) == {TEXTS: Policy("texts", 2_000, 60), AUTH: None}

    @pytest.mark.parametrize("texts", [1, 999])
    def test_a_full_batch_must_find_room(self, make_settings: SettingsFactory, texts: int) -> None:
        with pytest.raises(SettingsError, match="RATE_LIMIT_TEXTS_PER_MINUTE must be 0, or 1000 or more"):
            make_settings(rate_limit_texts_per_minute=texts)
