"""The service, put together."""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import structlog
from fastapi import FastAPI
from uvicorn.importer import import_from_string

import app.main
from app.core.config import get_settings
from app.main import create_app, serving_app
from tests.conftest import ON_SQLITE, ROOT, SettingsFactory

pytestmark = pytest.mark.anyio


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory of its own, and logging as it was before."""
    before, threshold = structlog.get_config(), gc.get_threshold()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    get_settings.cache_clear()
    yield tmp_path
    get_settings.cache_clear()
    structlog.configure(**before)
    gc.unfreeze()
    gc.set_threshold(*threshold)


async def get(application: FastAPI, path: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=application)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path)


@ON_SQLITE
class TestCreateApp:
    async def test_makes_applications_that_share_nothing(self, make_settings: SettingsFactory) -> None:
        one = create_app(make_settings(app_name="One", api_v1_prefix="/one"))
        two = create_app(make_settings(app_name="Two", api_v1_prefix="/two", docs=False))
        assert one.state.services is not two.state.services
        assert [(await get(one, path)).status_code for path in ("/one/health", "/two/health")] == [200, 404]
        assert [(await get(two, path)).status_code for path in ("/one/health", "/two/health")] == [404, 200]
        assert (one.openapi()["info"]["title"], two.openapi()["info"]["title"]) == ("One", "Two")

    async def test_serves_both_versions_where_it_is_set(self, make_settings: SettingsFactory) -> None:
        application = create_app(make_settings(api_v1_prefix="/old", api_v2_prefix="/new/api"))
        assert {path.partition("/analyses")[0] for path in application.openapi()["paths"] if "analyses" in path} == {
            "/old",
            "/old/batches/{batch_id}",
            "/new/api",
        }
        old, new = await get(application, "/old/analyses"), await get(application, "/new/api/analyses")
        assert (old.status_code, new.status_code) == (401, 401)
        assert '</new/api/analyses>; rel="successor-version"' in old.headers["link"]

    async def test_serves_the_documentation_as_set(self, make_settings: SettingsFactory) -> None:
        for docs, status in [(True, 200), (False, 404)]:
            application = create_app(make_settings(docs=docs))
            for path in ("/docs", "/redoc", "/openapi.json"):
                assert (await get(application, path)).status_code == status

    @pytest.mark.parametrize("prefix", ["/api/v1", "/v1"])
    def test_tells_where_to_sign_in(self, make_settings: SettingsFactory, prefix: str) -> None:
        document = create_app(make_settings(api_v1_prefix=prefix)).openapi()
        token_url = document["components"]["securitySchemes"]["OAuth2Password"]["flows"]["password"]["tokenUrl"]
        assert token_url == f"{prefix}/auth/login"
        assert token_url in document["paths"]

    def test_documents_health_once(self, make_settings: SettingsFactory) -> None:
        paths = create_app(make_settings()).openapi()["paths"]
        assert [path for path in paths if "health" in path or "ready" in path] == [
            "/health",
            "/ready",
            "/health/detailed",
        ]

    async def test_opens_its_database_with_its_lifespan_and_closes_it(self, make_settings: SettingsFactory) -> None:
        application = create_app(make_settings())
        async with application.router.lifespan_context(application):
            assert (await get(application, "/ready")).status_code == 200
        assert (await get(application, "/ready")).status_code == 503
        assert application.state.services.database.checked_out() == 0


class TestServingApp:
    def test_is_the_application_of_the_environment(self, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("APP_NAME", "Shop")
        application = serving_app()
        assert (application.title, application.state.settings) == ("Shop", get_settings())

    def test_is_what_servers_find_under_the_usual_name(self, workplace: Path) -> None:
        found = import_from_string("app.main:app")
        assert isinstance(found, FastAPI)
        assert found.title == "Lintel"

    def test_ends_the_process_with_one_message_for_faulty_settings(
        self, workplace: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ENVIRONMENT", "production")
        with pytest.raises(SystemExit) as end:
            serving_app()
        assert str(end.value.code).startswith("the service cannot start with these settings:\n")
        assert "SECRET_KEY" in str(end.value.code)

    def test_is_not_made_when_the_module_is_imported(self, workplace: Path) -> None:
        environment = {**os.environ, "ENVIRONMENT": "nonsense"}
        subprocess.run([sys.executable, "-c", "import app.main"], cwd=ROOT, env=environment, check=True)
        assert list(workplace.iterdir()) == []

    def test_nothing_else_is_made_up(self) -> None:
        with pytest.raises(AttributeError, match="wsgi"):
            getattr(app.main, "wsgi")  # noqa: B009 - mypy knows that it is not there

    @pytest.mark.parametrize("arguments", [["app.main:app"], ["--factory", "app.main:serving_app"]])
    def test_under_uvicorn_prints_one_message_and_no_traceback(self, workplace: Path, arguments: list[str]) -> None:
        environment = {**os.environ, "ENVIRONMENT": "production", "SECRET_KEY": "short and secret"}
        command = [sys.executable, "-m", "uvicorn", "--app-dir", str(ROOT), *arguments]
        end = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        assert end.returncode != 0
        assert "SECRET_KEY must be at least 32 characters" in end.stderr
        assert ("Traceback" in end.stderr, "short and secret" in end.stderr) == (False, False)
