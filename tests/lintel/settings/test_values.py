"""How values are written: names, numbers, lists."""

import json

import pytest
from pydantic import SecretStr

from tests.lintel.settings.conftest import REDIS_URL, SECRET, Faults, Read

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
