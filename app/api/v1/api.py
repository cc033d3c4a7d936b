"""All routers of version 1."""

from fastapi import APIRouter

from app.api.deps import get_signed_files
from app.api.v1.endpoints import (
    analyses,
    api_keys,
    audit,
    auth,
    avatars,
    batches,
    emails,
    exports,
    flags,
    health,
    invitations,
    jobs,
    passwords,
    profiles,
    realtime,
    registration,
    users,
)
from lintel.files import files_router


def create_router(prefix: str) -> APIRouter:
    """Version 1 under its prefix."""
    router = APIRouter(prefix=prefix)
    accounts = (registration, auth, api_keys, passwords, emails, invitations, profiles, avatars, audit, users)
    for endpoints in (*accounts, batches, analyses, exports, flags, jobs, realtime):
        router.include_router(endpoints.router)
    router.include_router(files_router(get_signed_files))
    # The same answers as at the root, where probes look for them and where they are documented.
    router.include_router(health.router, include_in_schema=False)
    return router


def public_routes(prefix: str) -> list[str]:
    """What anybody may call. Every other route asks who is calling, or the service does not start."""
    return [
        f"POST {prefix}/auth/register",
        f"POST {prefix}/auth/verify",  # the token from the mail is the permission
        f"POST {prefix}/auth/verify/resend",
        f"POST {prefix}/auth/login",
        f"POST {prefix}/auth/refresh",  # the refresh token is the permission
        f"POST {prefix}/auth/password/forgot",
        f"POST {prefix}/auth/password/reset",  # the token from the mail is the permission
        f"GET {prefix}/files/{{key:path}}",  # a signature is the permission
        f"GET {prefix}/health",
        f"GET {prefix}/ready",
        "GET /.well-known/jwks.json",
        "GET /health",
        "GET /ready",
    ]


def probe_paths(prefix: str) -> list[str]:
    """What load balancers ask every few seconds, from one address for all of them; no limit is for them."""
    return [f"{start}{path}" for start in ("", prefix) for path in ("/health", "/ready")]
