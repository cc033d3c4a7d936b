import pytest
from pydantic import ValidationError

from lintel.settings import Environment
from tests.lintel.settings.conftest import DEPLOYED, SECRET, UNDEPLOYED, Faults, Read


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
