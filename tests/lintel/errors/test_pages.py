import pytest
from fastapi import FastAPI

from app.core.exceptions import LastAdmin
from lintel.errors import (
    ServiceError,
    install_error_handlers,
    known_kinds,
    problem_page_routes,
    problem_type,
    status_of,
)
from lintel.testing import asgi_request

pytestmark = pytest.mark.anyio


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    install_error_handlers(app)
    app.router.routes.extend(problem_page_routes())
    return app


class TestPages:
    @pytest.mark.parametrize("kind", list(known_kinds()), ids=lambda kind: kind.__name__)
    async def test_every_kind_has_one_that_explains_it(self, app: FastAPI, kind: type[ServiceError]) -> None:
        response = await asgi_request(app, "GET", problem_type(kind.code))
        assert (response.status, response.header("content-type")) == (200, "text/html; charset=utf-8")
        assert all(text in response.text for text in (kind.code, f"status {status_of(kind):d}", "<h1>"))

    async def test_those_of_the_service_are_among_them(self, app: FastAPI) -> None:
        response = await asgi_request(app, "GET", "/problems/last-admin")
        assert LastAdmin.title in response.text
        assert LastAdmin.meaning in response.text

    @pytest.mark.parametrize("slug", ["nothing", "NOT_FOUND", "not_found", "<script>", "..", "\udcff"])
    async def test_what_is_no_kind_is_not_found(self, app: FastAPI, slug: str) -> None:
        response = await asgi_request(app, "GET", f"/problems/{slug}", raw_path=b"/problems/x")
        assert (response.status, response.json()["error_code"]) == (404, "NOT_FOUND")

    async def test_are_read_and_nothing_else(self, app: FastAPI) -> None:
        assert (await asgi_request(app, "HEAD", "/problems/not-found")).status == 200
        assert (await asgi_request(app, "POST", "/problems/not-found")).status == 405

    async def test_are_no_part_of_the_api(self, app: FastAPI) -> None:
        assert app.openapi()["paths"] == {}

    async def test_text_is_escaped(self, app: FastAPI) -> None:
        class Hostile(ServiceError):
            code = "HOSTILE"
            title = "<b>"
            meaning = "a & b"

        response = await asgi_request(app, "GET", problem_type(Hostile.code))
        assert "&lt;b&gt;" in response.text
        assert "a &amp; b" in response.text

    async def test_a_status_without_a_kind_points_to_none(self, app: FastAPI) -> None:
        answered = (await asgi_request(app, "POST", "/problems/not-found")).json()
        assert (answered["type"], answered["error_code"]) == ("about:blank", "METHOD_NOT_ALLOWED")
