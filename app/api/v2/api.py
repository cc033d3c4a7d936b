"""All routers of version 2. What is not here has one version, the first."""

from fastapi import APIRouter

from app.api.v2.endpoints import analyses


def create_router(prefix: str) -> APIRouter:
    """Version 2 under its prefix."""
    router = APIRouter(prefix=prefix)
    router.include_router(analyses.router)
    return router
