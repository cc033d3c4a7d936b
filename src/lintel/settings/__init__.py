"""Typed settings from the environment, in groups, with a refusal to start unsafe."""

from lintel.settings._base import BaseGroup, Environment, deployed
from lintel.settings._describe import SettingDescription, describe_settings
from lintel.settings._example import example_env_file
from lintel.settings._groups import (
    MIN_SECRET_LENGTH,
    DatabaseSettings,
    HttpSettings,
    LintelSettings,
    LoggingSettings,
    MetricsSettings,
    RateLimitSettings,
    RedisSettings,
    SecuritySettings,
    ServerSettings,
    ServiceSettings,
)
from lintel.settings._load import SettingsError, load_settings
from lintel.settings._metrics_folder import metrics_folder, metrics_folder_set
from lintel.settings._misspelt import misspelt_names
from lintel.settings._secret_key import resolve_secret_key
from lintel.settings._types import BlankIsUnset, StringList

__all__ = [
    "MIN_SECRET_LENGTH",
    "BaseGroup",
    "BlankIsUnset",
    "DatabaseSettings",
    "Environment",
    "HttpSettings",
    "LintelSettings",
    "LoggingSettings",
    "MetricsSettings",
    "RateLimitSettings",
    "RedisSettings",
    "SecuritySettings",
    "ServerSettings",
    "ServiceSettings",
    "SettingDescription",
    "SettingsError",
    "StringList",
    "deployed",
    "describe_settings",
    "example_env_file",
    "load_settings",
    "metrics_folder",
    "metrics_folder_set",
    "misspelt_names",
    "resolve_secret_key",
]
