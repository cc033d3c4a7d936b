"""The endpoint as the only route, and as the last of sixty behind two levels of routers."""

from fastapi import APIRouter, FastAPI

from bench.apps.item import Item, read_item
from bench.apps.settings import ALL_ON
from lintel.application import create_app
from lintel.settings import LintelSettings, load_settings

GROUPS, ROUTES = 10, 6
LAST = "/api/v1/group9/route5"
LAST_WITH_ID = "/api/v1/group9/{item_id}/parts"


async def read_item_by_id(item_id: int) -> Item:
    """Read the item under another number."""
    item = await read_item()
    item.id = item_id
    return item


def direct() -> FastAPI:
    """FastAPI, both endpoints directly on it."""
    app = FastAPI()
    app.get(LAST)(read_item)
    app.get(LAST_WITH_ID)(read_item_by_id)
    return app


def nested() -> FastAPI:
    """FastAPI, and its own way through the routers."""
    app = FastAPI()
    app.include_router(sixty_routes())
    return app


def ours(*, routes: str) -> FastAPI:
    """What our factory makes, without its layers; `routes` is direct or nested."""
    settings = load_settings(LintelSettings, env_file=None, **ALL_ON)
    app = create_app(
        settings,
        routers=[sixty_routes() if routes == "nested" else two_routes()],
        public_routes=["GET /api/v1/*"],
        authenticators=[],
    )
    app.middleware_stack = FastAPI.build_middleware_stack(app)
    return app


def two_routes() -> APIRouter:
    """Both endpoints and nothing else."""
    router = APIRouter()
    router.get(LAST)(read_item)
    router.get(LAST_WITH_ID)(read_item_by_id)
    return router


def sixty_routes() -> APIRouter:
    """A router of ten routers of six routes; the endpoints measured are the last two."""
    version = APIRouter(prefix="/api/v1")
    for group in range(GROUPS):
        router = APIRouter(prefix=f"/group{group}")
        for route in range(ROUTES - 2):
            router.get(f"/route{route}/{{item_id}}", name=f"read_{group}_{route}")(read_item_by_id)
        router.get("/{item_id}/parts", name=f"read_parts_{group}")(read_item_by_id)
        router.get(f"/route{ROUTES - 1}", name=f"read_last_{group}")(read_item)
        version.include_router(router)
    return version
