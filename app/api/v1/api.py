"""All routers of version 1."""

from fastapi import APIRouter

from app.api.v1.endpoints import analyses, auth, health, users


def create_router(prefix: str) -> APIRouter:
    """Version 1 under its prefix."""
    router = APIRouter(prefix=prefix)
    for endpoints in (auth, users, analyses):
        router.include_router(endpoints.router)
    # The same answers as at the root, where probes look for them and where they are documented.
    router.include_router(health.router, include_in_schema=False)
    return router


def public_routes(prefix: str) -> list[str]:
    """What anybody may call. Every other route asks who is calling, or the service does not start."""
    return [
        f"POST {prefix}/auth/register",
        f"POST {prefix}/auth/login",
        f"GET {prefix}/health",
        f"GET {prefix}/ready",
        "GET /health",
        "GET /ready",
    ]


def probe_paths(prefix: str) -> list[str]:
    """What load balancers ask every few seconds, from one address for all of them; no limit is for them."""
    return [f"{start}{path}" for start in ("", prefix) for path in ("/health", "/ready")]
