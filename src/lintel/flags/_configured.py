"""What the settings ask for."""

from collections.abc import Collection
from importlib import import_module

from lintel.db import Database
from lintel.flags._flag import Flag
from lintel.flags._port import Flags
from lintel.flags._stored import StoredFlags
from lintel.flags._table import FlagMixin
from lintel.settings import LintelSettings, SettingsError


def flags_of(
    settings: LintelSettings, database: Database, table: type[FlagMixin], *, declared: Collection[Flag]
) -> tuple[Flags, StoredFlags]:
    """Whom to ask what is on, and our own table, which are the same unless `FLAGS_PROVIDER` names a vendor's.

    Raises:
        SettingsError: What `FLAGS_PROVIDER` names cannot be had.
    """
    stored = StoredFlags(
        database, table, declared=declared, overrides=settings.flags, refresh=settings.flags_refresh_seconds
    )
    if settings.flags_provider is None:
        return stored, stored
    try:
        adapter = import_module("lintel.flags.openfeature")
        module, _, factory = settings.flags_provider.partition(":")
        provider = getattr(import_module(module), factory)()
    except (ImportError, AttributeError, TypeError) as error:
        raise SettingsError({"FLAGS_PROVIDER": f"cannot be used: {type(error).__name__}"}) from error
    flags: Flags = adapter.OpenFeatureFlags(provider, overrides=settings.flags)
    return flags, stored
