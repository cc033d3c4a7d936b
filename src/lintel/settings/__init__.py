"""Typed settings from the environment, in groups, with a refusal to start unsafe."""

from lintel.settings._base import BaseGroup, Environment, deployed
from lintel.settings._cache import CacheSettings
from lintel.settings._describe import SettingDescription, describe_settings
from lintel.settings._example import example_env_file
from lintel.settings._flags import FlagSettings
from lintel.settings._groups import (
    DatabaseSettings,
    HttpSettings,
    IdempotencySettings,
    LintelSettings,
    LoggingSettings,
    MetricsSettings,
    RateLimitSettings,
    ServerSettings,
    ServiceSettings,
)
from lintel.settings._jobs import JobsSettings
from lintel.settings._load import SettingsError, load_settings
from lintel.settings._mail import MailSettings
from lintel.settings._metrics_folder import metrics_folder, metrics_folder_set
from lintel.settings._misspelt import misspelt_names
from lintel.settings._outgoing import OutgoingSettings
from lintel.settings._realtime import RealtimeSettings
from lintel.settings._redis import RedisSettings
from lintel.settings._secret_key import MIN_SECRET_LENGTH
from lintel.settings._security import SecuritySettings, resolve_secret_key
from lintel.settings._sessions import SessionSettings
from lintel.settings._storage import StorageSettings
from lintel.settings._types import BlankIsUnset, SecretList, StringList

__all__ = [
    "MIN_SECRET_LENGTH",
    "BaseGroup",
    "BlankIsUnset",
    "CacheSettings",
    "DatabaseSettings",
    "Environment",
    "FlagSettings",
    "HttpSettings",
    "IdempotencySettings",
    "JobsSettings",
    "LintelSettings",
    "LoggingSettings",
    "MailSettings",
    "MetricsSettings",
    "OutgoingSettings",
    "RateLimitSettings",
    "RealtimeSettings",
    "RedisSettings",
    "SecretList",
    "SecuritySettings",
    "ServerSettings",
    "ServiceSettings",
    "SessionSettings",
    "SettingDescription",
    "SettingsError",
    "StorageSettings",
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
