import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from app.core.config import Settings
from lintel.settings import Environment, SettingsError, load_settings

Read = Callable[..., Settings]
Faults = Callable[..., dict[str, str]]

PLACEHOLDER = "is a placeholder: put a value of your own in its place"
REDIS_URL = "redis://redis.test:6379/0"
SECRET = "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA"
DEPLOYED = pytest.mark.parametrize("environment", ["production", "staging"])
UNDEPLOYED = pytest.mark.parametrize("environment", ["development", "test"])

UNTHROTTLED = dict.fromkeys(
    [
        "LOGIN_ATTEMPTS",
        "LOGIN_ATTEMPTS_PER_ADDRESS",
        "LOGIN_ATTEMPTS_PER_ACCOUNT",
        "REGISTRATIONS_PER_ADDRESS",
        "PASSWORD_MAILS_PER_ADDRESS",
    ],
    "0",
)
"""What the service itself would have counted together."""

DOCUMENTED = [
    ("APP_NAME", "Words", "app_name", "Words"),
    ("API_TITLE", "Words", "app_name", "Words"),
    ("APP_VERSION", "2.1", "app_version", "2.1"),
    ("API_VERSION", "2.1", "app_version", "2.1"),
    ("API_DESCRIPTION", "Reads texts.", "app_description", "Reads texts."),
    ("DEBUG", "true", "debug", True),
    ("API_V1_PREFIX", "/v1", "api_v1_prefix", "/v1"),
    ("ALLOWED_HOSTS", "a.test, b.test", "allowed_hosts", ("a.test", "b.test")),
    ("DATABASE_URL", "postgresql://u:p@h/d", "database_url", SecretStr("postgresql://u:p@h/d")),
    ("DATABASE_POOL_SIZE", "7", "database_pool_size", 7),
    ("DATABASE_MAX_OVERFLOW", "7", "database_max_overflow", 7),
    ("SECRET_KEY", SECRET, "secret_key", SecretStr(SECRET)),
    ("ACCESS_TOKEN_EXPIRE_MINUTES", "30", "access_token_expire_minutes", 30),
    ("ALGORITHM", "HS256", "algorithm", "HS256"),
    ("CORS_ORIGINS", '["https://a.test"]', "cors_origins", ("https://a.test",)),
    ("CORS_CREDENTIALS", "false", "cors_credentials", False),
    ("CORS_ALLOW_CREDENTIALS", "false", "cors_credentials", False),
    ("CORS_METHODS", "GET,PUT", "cors_methods", ("GET", "PUT")),
    ("CORS_HEADERS", "*", "cors_headers", ("*",)),
    ("LOG_LEVEL", "warning", "log_level", "WARNING"),
    ("LOG_FORMAT", "plain", "log_format", "plain"),
    ("REDIS_URL", "redis://localhost:6379", "redis_url", SecretStr("redis://localhost:6379")),
    ("ENABLE_CACHING", "false", "enable_caching", False),
    ("CACHE_TTL_LIST", "60", "cache_ttl_list", 60),
    ("CACHE_TTL_ITEM", "60", "cache_ttl_item", 60),
    ("CACHE_TTL_DEFAULT", "60", "cache_ttl_default", 60),
    ("RATE_LIMIT_PER_MINUTE", "60", "rate_limit_per_minute", 60),
    ("RATE_LIMIT_REQUESTS", "60", "rate_limit_per_minute", 60),
]
"""Every environment name that the sources of the requirements use, and what it sets."""

WHOLE_NUMBERS = [
    ("PORT", 0, 65_535),
    ("WORKERS", 1, 256),
    ("SHUTDOWN_GRACE_SECONDS", 1, 3_600),
    ("CORS_MAX_AGE", 0, 86_400),
    ("MAX_REQUEST_BYTES", 1_024, None),
    ("MAX_URL_BYTES", 1_024, 65_536),
    ("MAX_HEADER_BYTES", 1_024, 1_048_576),
    ("GZIP_MINIMUM_SIZE", 1, None),
    ("HSTS_SECONDS", 0, None),
    ("DATABASE_POOL_SIZE", 1, 1_000),
    ("DATABASE_MAX_OVERFLOW", 0, 1_000),
    ("DATABASE_POOL_RECYCLE", -1, None),
    ("ACCESS_TOKEN_EXPIRE_MINUTES", 1, 1_440),
    ("RATE_LIMIT_PER_MINUTE", 0, 1_000_000_000),
]
DURATIONS = [
    ("REQUEST_BODY_TIMEOUT", 3_600),
    ("DATABASE_POOL_TIMEOUT", 300),
    ("DATABASE_CONNECT_TIMEOUT", 300),
    ("DATABASE_STATEMENT_TIMEOUT", 3_600),
]
LISTS = [
    "ALLOWED_HOSTS",
    "CORS_ORIGINS",
    "CORS_METHODS",
    "CORS_HEADERS",
    "CORS_EXPOSE_HEADERS",
    "FORWARDED_ALLOW_IPS",
    "EMAIL_ALLOWED_DOMAINS",
    "EMAIL_BLOCKED_DOMAINS",
]


class TestNames:
    @pytest.mark.parametrize(("name", "text", "field", "expected"), DOCUMENTED)
    def test_every_documented_name_sets_its_field(
        self, read: Read, name: str, text: str, field: str, expected: object
    ) -> None:
        assert getattr(read(), field) != expected or name == "ALGORITHM"
        assert getattr(read(**{name: text}), field) == expected

    @pytest.mark.parametrize("name", ["app_name", "App_Name", "api_title", "web_concurrency", "Secret_Key"])
    def test_case_does_not_matter(self, read: Read, name: str) -> None:
        values = {"app_name": "Words", "api_title": "Words", "web_concurrency": "4", "secret_key": SECRET}
        settings = read(REDIS_URL=REDIS_URL, **{name: values[name.lower()]})
        assert (settings.app_name, settings.workers, settings.secret_key) in [
            ("Words", 1, None),
            ("Lintel", 4, None),
            ("Lintel", 1, SecretStr(SECRET)),
        ]

    def test_of_two_names_the_first_documented_wins(self, read: Read) -> None:
        assert read(API_TITLE="second", APP_NAME="first").app_name == "first"

    def test_unknown_names_are_nobodys_business(self, read: Read) -> None:
        assert read(APP_NAME_OF_SOMEBODY_ELSE="x") == read()


class TestDefaults:
    def test_development_needs_nothing(self, read: Read) -> None:
        settings = read()
        assert settings.environment is Environment.DEVELOPMENT
        assert settings.secret_key is settings.database_url is settings.redis_url is None

    def test_only_this_machine_is_served(self, read: Read) -> None:
        settings = read()
        assert (settings.host, settings.cors_origins, settings.forwarded_allow_ips) == ("127.0.0.1", (), ())
        assert settings.trusted_hosts == ("localhost", "127.0.0.1", "[::1]")

    def test_cannot_be_changed_once_read(self, read: Read) -> None:
        settings = read()
        with pytest.raises(ValidationError, match="frozen"):
            settings.debug = True  # type: ignore[misc]
        assert settings.debug is False

    def test_a_value_out_of_the_listed_ones_is_refused(self, faults: Faults) -> None:
        found = faults(ENVIRONMENT="prod", LOG_LEVEL="loud", ALGORITHM="none", REGISTRATION="maybe")
        assert {"ENVIRONMENT", "LOG_LEVEL", "ALGORITHM", "REGISTRATION"} <= set(found)


class TestWorkers:
    """One refusal for everything that the embedded adapters cannot share, naming what to set."""

    @pytest.mark.parametrize(
        ("others", "what"),
        [
            ({}, "rate limits, a cache and channels"),
            ({"DATABASE_URL": "sqlite:///x.db"}, "rate limits, a cache and channels"),
            ({"DATABASE_URL": "postgresql://h/d"}, "rate limits and a cache"),
            ({"DATABASE_URL": "postgresql://h/d", "RATE_LIMIT_PER_MINUTE": "0"}, "a cache"),
            ({"RATE_LIMIT_PER_MINUTE": "0", "ENABLE_CACHING": "no"}, "channels"),
        ],
    )
    def test_several_cannot_keep_apart_what_they_must_share(
        self, faults: Faults, others: dict[str, str], what: str
    ) -> None:
        found = faults(WORKERS="2", **others)
        assert found == {"WORKERS": f"must be 1 without a REDIS_URL: each process would have {what} of its own"}

    @pytest.mark.parametrize(
        "others",
        [
            {"REDIS_URL": REDIS_URL},
            {"DATABASE_URL": "postgresql://h/d", "RATE_LIMIT_PER_MINUTE": "0", "ENABLE_CACHING": "no", **UNTHROTTLED},
        ],
    )
    def test_they_can_with_a_shared_store_or_without_need_of_one(self, read: Read, others: dict[str, str]) -> None:
        assert read(WORKERS="2", **others).workers == 2

    def test_one_needs_nothing(self, read: Read) -> None:
        assert read(WORKERS="1").workers == 1

    @pytest.mark.parametrize(
        ("name", "value"), [("RATE_LIMIT_PER_MINUTE", "many"), ("REDIS_URL", "x"), ("ENABLE_CACHING", "7")]
    )
    def test_a_faulty_setting_is_one_fault(self, faults: Faults, name: str, value: str) -> None:
        others = {"DATABASE_URL": "postgresql://h/d", "RATE_LIMIT_PER_MINUTE": "0", "ENABLE_CACHING": "no"}
        assert list(faults(WORKERS="2", **{**others, **UNTHROTTLED, name: value})) == [name]


class TestNumbers:
    @pytest.mark.parametrize(("name", "least", "most"), WHOLE_NUMBERS)
    def test_both_bounds_are_allowed(self, read: Read, name: str, least: int, most: int | None) -> None:
        for bound in (least, least + 1 if most is None else most):
            assert getattr(read(REDIS_URL=REDIS_URL, **{name: str(bound)}), name.lower()) == bound

    @pytest.mark.parametrize(("name", "least", "most"), WHOLE_NUMBERS)
    def test_what_lies_beyond_is_refused(self, faults: Faults, name: str, least: int, most: int | None) -> None:
        assert list(faults(**{name: str(least - 1)})) == [name]
        assert most is None or list(faults(**{name: str(most + 1)})) == [name]

    @pytest.mark.parametrize(("name", "most"), DURATIONS)
    def test_durations_are_above_nothing_and_bounded(self, read: Read, faults: Faults, name: str, most: int) -> None:
        assert [getattr(read(**{name: text}), name.lower()) for text in ("0.001", str(most))] == [0.001, most]
        assert all(list(faults(**{name: text})) == [name] for text in ("0", "-1", f"{most}.001", "inf", "nan"))

    @pytest.mark.parametrize("text", ["", "ten", "1.5", "1e3"])
    @pytest.mark.parametrize("name", ["PORT", "WORKERS", "WEB_CONCURRENCY"])
    def test_text_that_is_no_number_is_refused(self, faults: Faults, name: str, text: str) -> None:
        assert list(faults(**{name: text})) == ["WORKERS" if name == "WEB_CONCURRENCY" else name]


class TestLists:
    @pytest.mark.parametrize("name", LISTS)
    @pytest.mark.parametrize("text", ["a.test, b.test", json.dumps(["a.test", "b.test"])])
    def test_come_as_comma_text_or_json(self, read: Read, name: str, text: str) -> None:
        assert getattr(read(**{name: text}), name.lower()) == ("a.test", "b.test")

    @pytest.mark.parametrize("name", LISTS)
    def test_empty_text_means_none(self, read: Read, name: str) -> None:
        assert getattr(read(**{name: ""}), name.lower()) == ()

    @pytest.mark.parametrize("name", LISTS)
    @pytest.mark.parametrize("text", ['["a.test"', '["a.test", 1]'])
    def test_malformed_json_is_named(self, faults: Faults, name: str, text: str) -> None:
        found = faults(**{name: text})
        assert list(found) == [name]
        assert "a.test" not in found[name]


class TestServiceSettings:
    @pytest.mark.parametrize("prefix", ["/api", "/api/v1", "/a-b_c.d/2"])
    def test_a_prefix_is_a_path(self, read: Read, prefix: str) -> None:
        assert read(API_V1_PREFIX=prefix).api_v1_prefix == prefix

    @pytest.mark.parametrize("prefix", ["", "/", "api", "/api/", "//api", "/api v1", "/{x}", "/api\n", "/ä"])
    def test_anything_else_is_no_prefix(self, faults: Faults, prefix: str) -> None:
        assert list(faults(API_V1_PREFIX=prefix)) == ["API_V1_PREFIX"]

    @UNDEPLOYED
    def test_docs_are_served_where_nobody_else_is(self, read: Read, environment: str) -> None:
        assert read(ENVIRONMENT=environment, SECRET_KEY=SECRET).docs_enabled
        assert not read(DOCS="false").docs_enabled

    @DEPLOYED
    def test_docs_and_debug_stay_off_where_deployed(
        self, read: Read, faults: Faults, deployable: dict[str, str], environment: str
    ) -> None:
        deployable["ENVIRONMENT"] = environment
        assert read(**deployable, DOCS="false", DEBUG="false").docs_enabled is False
        assert set(faults(DOCS="true", DEBUG="true")) == {"DOCS", "DEBUG"}

    def test_docs_without_a_value_are_unset(self, read: Read) -> None:
        assert read(DOCS="").docs is None


class TestMetricsSettings:
    def test_administrators_may_read_them_unless_set_otherwise(self, read: Read) -> None:
        settings = read()
        assert (settings.metrics, settings.metrics_port, settings.metrics_host) == ("admin", None, "127.0.0.1")

    @pytest.mark.parametrize(
        ("variables", "counted"),
        [
            ({"METRICS": "off"}, False),
            ({"METRICS": "off", "METRICS_PORT": "9090"}, True),
            ({"METRICS": "admin"}, True),
            ({"METRICS": "open", "METRICS_PORT": ""}, True),
        ],
    )
    def test_they_are_counted_where_anybody_can_read_them(
        self, read: Read, variables: dict[str, str], *, counted: bool
    ) -> None:
        assert read(**variables).metrics_counted is counted

    @DEPLOYED
    def test_open_ones_are_refused_where_deployed(
        self, faults: Faults, deployable: dict[str, str], environment: str
    ) -> None:
        found = faults(**{**deployable, "ENVIRONMENT": environment, "METRICS": "open"})
        assert found == {"METRICS": "must not be open in production: use admin, or set METRICS_PORT"}

    @DEPLOYED
    @pytest.mark.parametrize("metrics", ["off", "admin"])
    def test_a_port_of_their_own_is_not(
        self, read: Read, deployable: dict[str, str], environment: str, metrics: str
    ) -> None:
        settings = read(**{**deployable, "ENVIRONMENT": environment, "METRICS": metrics, "METRICS_PORT": "9090"})
        assert settings.metrics_port == 9090

    def test_their_port_is_another_one_than_the_services(self, read: Read, faults: Faults) -> None:
        assert faults(METRICS_PORT="8000") == {"PORT": "must be another port than METRICS_PORT"}
        assert faults(PORT="8001", METRICS_PORT="8001") == {"PORT": "must be another port than METRICS_PORT"}
        assert read(PORT="0", METRICS_PORT="0").metrics_port == 0


class TestHttpSettings:
    @DEPLOYED
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("ALLOWED_HOSTS", ""),
            ("ALLOWED_HOSTS", "*"),
            ("ALLOWED_HOSTS", "a.test, *"),
            ("CORS_ORIGINS", "*"),
            ("CORS_ORIGINS", '["https://a.test", "*"]'),
            ("FORWARDED_ALLOW_IPS", "*"),
        ],
    )
    def test_everybody_is_refused_where_deployed(
        self, faults: Faults, deployable: dict[str, str], environment: str, name: str, text: str
    ) -> None:
        assert list(faults(**{**deployable, "ENVIRONMENT": environment, name: text})) == [name]

    @UNDEPLOYED
    @pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "CORS_ORIGINS", "FORWARDED_ALLOW_IPS"])
    def test_everybody_is_allowed_elsewhere(self, read: Read, environment: str, name: str) -> None:
        settings = read(**{"ENVIRONMENT": environment, "SECRET_KEY": SECRET, name: "*"})
        assert getattr(settings, name.lower()) == ("*",)

    def test_subdomains_of_a_named_host_are_no_wildcard(self, read: Read, deployable: dict[str, str]) -> None:
        deployable["ALLOWED_HOSTS"] = "*.lintel.test"
        assert read(**deployable).trusted_hosts == ("*.lintel.test",)

    def test_a_missing_list_of_hosts_is_refused_where_deployed(
        self, faults: Faults, deployable: dict[str, str]
    ) -> None:
        del deployable["ALLOWED_HOSTS"]
        assert list(faults(**deployable)) == ["ALLOWED_HOSTS"]

    def test_every_origin_never_goes_with_credentials(self, read: Read) -> None:
        assert read(CORS_ORIGINS="https://a.test", CORS_CREDENTIALS="true").cors_credentials is True
        assert read(CORS_ORIGINS="*", CORS_CREDENTIALS="true").cors_credentials is False


class TestDatabaseSettings:
    @pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_READER_URL"])
    @pytest.mark.parametrize(
        "url", ["postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h:5432/d", "sqlite:///x.db", "sqlite:////folder/x.db"]
    )
    def test_both_kinds_are_taken(self, read: Read, name: str, url: str) -> None:
        value = getattr(read(**{name: url}), name.lower())
        assert value.get_secret_value() == url
        assert url not in f"{value} {value!r}"

    @pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_READER_URL"])
    @pytest.mark.parametrize(
        "url",
        [
            "hunter2",
            "mysql://u:hunter2@h/d",
            "sqlite://",
            "sqlite:///:memory:",
            "sqlite:///file:hunter2?mode=memory&uri=true",
            "nothing://u:hunter2@h/d",
            "postgresql://u:hunter2/d",
            "postgres://u:hunter2@h/d",
            "postgresql://u:p@h:hunter2/d",
        ],
    )
    def test_any_other_is_refused_without_being_repeated(self, faults: Faults, name: str, url: str) -> None:
        found = faults(**{name: url})
        assert list(found) == [name]
        assert "hunter2" not in found[name]

    @pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_READER_URL", "REDIS_URL"])
    def test_blank_is_unset(self, read: Read, name: str) -> None:
        assert getattr(read(**{name: " "}), name.lower()) is None


class TestRedisSettings:
    @pytest.mark.parametrize(
        "url",
        [
            "redis://localhost",
            "redis://localhost/",
            "redis://localhost:6379/0",
            "rediss://u:p%40ss@cache.test:6380/15",
            "redis://:p@[::1]:6379/1?socket_timeout=1",
        ],
    )
    def test_a_server_is_taken(self, read: Read, url: str) -> None:
        value = read(REDIS_URL=url).redis_url
        assert value is not None
        assert value.get_secret_value() == url

    @pytest.mark.parametrize(
        "url",
        [
            "hunter2",
            "localhost:6379",
            "http://u:hunter2@cache",
            "redis://",
            "redis:hunter2",
            "redis://:hunter2@",
            "redis://u:hunter2@cache:port/0",
            "redis://u:hunter2@cache:0/0",
            "redis://u:hunter2@cache:99999/0",
            "redis://u:hunter2@[cache/0",
            "redis://u:hunter2@cache/zero",
            "redis://u:hunter2@cache/0/1",
        ],
    )
    def test_anything_else_is_refused_without_being_repeated(self, faults: Faults, url: str) -> None:
        assert faults(REDIS_URL=url) == {
            "REDIS_URL": "must be redis://:password@host:port/number, or rediss:// for TLS; "
            "#, / and @ in the password are percent-encoded"
        }


class TestLoggingSettings:
    @pytest.mark.parametrize(
        ("variables", "is_json"),
        [
            ({}, False),
            ({"LOG_FORMAT": "json"}, True),
            ({"LOG_FORMAT": "JSON"}, True),
            ({"LOG_FORMAT": "text"}, False),
            ({"LOG_FORMAT": " "}, False),
            ({"ENVIRONMENT": "test", "SECRET_KEY": SECRET}, True),
            ({"ENVIRONMENT": "test", "SECRET_KEY": SECRET, "LOG_FORMAT": "text"}, False),
            ({"ENVIRONMENT": "test", "SECRET_KEY": SECRET, "LOG_FORMAT": ""}, True),
        ],
    )
    def test_records_are_json_if_asked_for_or_outside_of_development(
        self, read: Read, variables: dict[str, str], *, is_json: bool
    ) -> None:
        assert read(**variables).log_as_json is is_json

    @pytest.mark.parametrize("text", ["debug", "Info", "WARNING", "error", "critical"])
    def test_levels_are_read_in_any_case(self, read: Read, text: str) -> None:
        assert read(LOG_LEVEL=text).log_level == text.upper()


class TestPlaceholders:
    @DEPLOYED
    @pytest.mark.parametrize("value", ["change-me", "CHANGE_ME", "Changeme", "x change me", "${NAME}"])
    @pytest.mark.parametrize(
        "name", ["APP_NAME", "ALLOWED_HOSTS", "FIRST_ADMIN_EMAIL", "REDIS_URL", "PORT", "DATA_DIR"]
    )
    def test_are_refused_in_any_setting_where_deployed(
        self, faults: Faults, deployable: dict[str, str], environment: str, name: str, value: str
    ) -> None:
        assert faults(**{**deployable, "ENVIRONMENT": environment, name: value}) == {name: PLACEHOLDER}

    def test_are_refused_within_a_url(self, faults: Faults, deployable: dict[str, str]) -> None:
        url = "postgresql://lintel:${POSTGRES_PASSWORD}@db/lintel"
        assert faults(**deployable, DATABASE_URL=url) == {"DATABASE_URL": PLACEHOLDER}

    def test_are_refused_as_arguments(self, deployable: dict[str, str]) -> None:
        values: dict[str, Any] = {name.lower(): value for name, value in deployable.items()}
        values["database_url"] = SecretStr("postgresql://lintel:change-me@db/lintel")
        with pytest.raises(SettingsError) as refused:
            load_settings(Settings, env_file=None, **values)
        assert refused.value.faults == {"DATABASE_URL": PLACEHOLDER}

    @UNDEPLOYED
    def test_do_elsewhere(self, read: Read, environment: str) -> None:
        assert read(ENVIRONMENT=environment, SECRET_KEY=SECRET, APP_NAME="change-me").app_name == "change-me"


class TestDeployed:
    @DEPLOYED
    def test_the_least_that_must_be_set_is_enough(
        self, read: Read, deployable: dict[str, str], environment: str
    ) -> None:
        settings = read(**{**deployable, "ENVIRONMENT": environment})
        assert settings.environment.is_deployed
        assert settings.docs_enabled is settings.debug is False

    @DEPLOYED
    def test_every_fault_is_named_at_once(self, faults: Faults, environment: str) -> None:
        assert set(
            faults(
                ENVIRONMENT=environment,
                DEBUG="1",
                DOCS="yes",
                CORS_ORIGINS="*",
                FORWARDED_ALLOW_IPS="*",
                DATABASE_URL="mysql://h/d",
                PORT="x",
            )
        ) == {
            "SECRET_KEY",
            "ALLOWED_HOSTS",
            "DEBUG",
            "DOCS",
            "CORS_ORIGINS",
            "FORWARDED_ALLOW_IPS",
            "DATABASE_URL",
            "MAIL_URL",
            "PORT",
        }

    def test_an_unknown_environment_counts_as_deployed(self, faults: Faults) -> None:
        assert set(faults(ENVIRONMENT="produktion", DEBUG="true")) == {
            "ENVIRONMENT",
            "SECRET_KEY",
            "ALLOWED_HOSTS",
            "DEBUG",
            "MAIL_URL",
        }

    @UNDEPLOYED
    def test_nothing_of_this_is_asked_elsewhere(self, read: Read, environment: str, tmp_path: Path) -> None:
        loose: dict[str, Any] = {"DEBUG": "true", "DOCS": "true", "ALLOWED_HOSTS": "*", "CORS_ORIGINS": "*"}
        settings = read(ENVIRONMENT=environment, SECRET_KEY=SECRET, **loose)
        assert settings.debug is settings.docs_enabled is True
