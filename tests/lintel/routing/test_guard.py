"""No route is open by accident."""

from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket
from starlette.routing import Mount, Route

from lintel.routing import UnguardedRouteError, check_routes_guarded


async def who() -> str:
    return "somebody"


async def admin(_: Annotated[str, Depends(who)]) -> str:
    return "admin"


async def endpoint() -> None: ...


async def socket(_: WebSocket) -> None: ...


def app_with(router: APIRouter) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.include_router(router, prefix="/v1")
    return app


class TestCheck:
    def test_passes_guarded_and_listed_routes(self) -> None:
        router = APIRouter()
        router.get("/a", dependencies=[Depends(who)])(endpoint)
        router.get("/b", dependencies=[Depends(admin)])(endpoint)
        router.get("/c")(endpoint)
        check_routes_guarded(app_with(router), public=["GET /v1/c"], authenticators=[who])

    def test_passes_guarded_and_listed_websockets(self) -> None:
        router = APIRouter()
        router.websocket("/a", dependencies=[Depends(who)])(socket)
        router.websocket("/b")(socket)
        check_routes_guarded(app_with(router), public=["WEBSOCKET /v1/b"], authenticators=[who])

    def test_refuses_a_websocket_that_is_open_by_accident(self) -> None:
        router = APIRouter()
        router.websocket("/a")(socket)
        with pytest.raises(UnguardedRouteError, match="WEBSOCKET /v1/a"):
            check_routes_guarded(app_with(router), public=[], authenticators=[who])

    def test_passes_routes_guarded_by_their_router(self) -> None:
        router = APIRouter(dependencies=[Depends(who)])
        router.get("/a")(endpoint)
        check_routes_guarded(app_with(router), public=[], authenticators=[who])

    def test_names_every_open_route(self) -> None:
        router = APIRouter()
        router.get("/a")(endpoint)
        router.delete("/a", dependencies=[Depends(endpoint)])(endpoint)
        with pytest.raises(UnguardedRouteError, match="DELETE /v1/a, GET /v1/a"):
            check_routes_guarded(app_with(router), public=["GET /v1/b"], authenticators=[who])

    def test_one_method_listed_does_not_open_another(self) -> None:
        router = APIRouter()
        router.api_route("/a", methods=["GET", "POST"])(endpoint)
        with pytest.raises(UnguardedRouteError, match="POST /v1/a"):
            check_routes_guarded(app_with(router), public=["GET /v1/a"], authenticators=[who])

    def test_names_what_is_listed_but_not_there(self) -> None:
        with pytest.raises(UnguardedRouteError, match="no such route: GET /gone"):
            check_routes_guarded(app_with(APIRouter()), public=["GET /gone"], authenticators=[who])

    @pytest.mark.parametrize("listed", ["ANY /static", "ANY /st*"])
    def test_mounts_and_plain_routes_must_be_listed_too(self, listed: str) -> None:
        app = app_with(APIRouter())
        app.router.routes.extend([Mount("/static", routes=[]), Route("/plain", endpoint, methods=["GET"])])
        with pytest.raises(UnguardedRouteError, match="GET /plain"):
            check_routes_guarded(app, public=[listed], authenticators=[who])
        check_routes_guarded(app, public=[listed, "GET /plain"], authenticators=[who])
