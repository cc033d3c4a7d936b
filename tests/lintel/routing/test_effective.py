"""The template of the route that answered."""

import pytest
from fastapi import APIRouter, FastAPI, Request

from lintel.routing import effective_path
from lintel.testing import asgi_request

pytestmark = pytest.mark.anyio


async def show(request: Request) -> str | None:
    return effective_path(request.scope)


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/direct/1", "/direct/{number}"),
        ("/v1/things/1", "/v1/things/{number}"),
        ("/v2/things/1", "/v2/things/{number}"),
    ],
)
async def test_it_is_whole_however_deep_the_route_was_included(path: str, template: str) -> None:
    app = FastAPI()
    app.get("/direct/{number}")(show)
    things = APIRouter(prefix="/things")
    things.get("/{number}")(show)
    for version in ("/v1", "/v2"):
        router = APIRouter()
        router.include_router(things)
        app.include_router(router, prefix=version)
    assert (await asgi_request(app, "GET", path)).json() == template


def test_there_is_none_before_a_route_was_chosen() -> None:
    assert effective_path({"type": "http"}) is None
