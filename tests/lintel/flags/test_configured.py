from typing import Any

import pytest
from openfeature.provider.in_memory_provider import InMemoryProvider

from lintel.db import Database
from lintel.flags import StoredFlags, flags_of
from lintel.flags.openfeature import OpenFeatureFlags
from lintel.settings import LintelSettings, SettingsError, load_settings
from tests.lintel.flags.test_stored import Rules


def make_vendor() -> InMemoryProvider:
    return InMemoryProvider({})


def asked(**values: Any) -> tuple[object, StoredFlags]:
    settings = load_settings(LintelSettings, env_file=None, **values)
    return flags_of(settings, Database(settings), Rules, declared=[])


class TestProvider:
    def test_is_our_table_unless_set(self) -> None:
        flags, stored = asked()
        assert flags is stored

    def test_is_the_one_that_was_named(self) -> None:
        flags, _ = asked(flags_provider=f"{__name__}:make_vendor")
        assert isinstance(flags, OpenFeatureFlags)

    @pytest.mark.parametrize("name", ["nowhere:make", f"{__name__}:missing", f"{__name__}:pytest"])
    def test_that_cannot_be_had_is_a_fault_of_the_settings(self, name: str) -> None:
        with pytest.raises(SettingsError) as refused:
            asked(flags_provider=name)
        assert list(refused.value.faults) == ["FLAGS_PROVIDER"]

    @pytest.mark.parametrize("name", ["vendor", "vendor:", ":make", "a b:c", "os:system()"])
    def test_is_named_by_module_and_factory(self, name: str) -> None:
        with pytest.raises(SettingsError):
            asked(flags_provider=name)
