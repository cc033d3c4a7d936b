"""What endpoints ask for, one idea each: with these a signature reads like a sentence."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import OAuth2PasswordBearer

from app.core.permissions import Permission
from app.services.analyses import AnalysisService
from app.services.auth import AuthService
from app.services.container import Services
from app.services.health import HealthService
from app.services.users import UserService
from lintel.errors import PermissionDenied
from lintel.security import Principal

# The address is completed in app.api.openapi, where the prefix is known.
bearer = OAuth2PasswordBearer(tokenUrl="auth/login", scheme_name="OAuth2Password", auto_error=False)


async def get_auth_service(request: Request) -> AuthService:
    """Signing in."""
    return _services(request).auth


async def get_user_service(request: Request) -> UserService:
    """Accounts."""
    return _services(request).users


async def get_analysis_service(request: Request) -> AnalysisService:
    """Analyses."""
    return _services(request).analyses


async def get_health_service(request: Request) -> HealthService:
    """How the service is doing."""
    return _services(request).health


def _services(request: Request) -> Services:
    # No dependency of its own: each link of a chain is paid for with every request.
    services: Services = request.app.state.services
    return services


AuthServiceDep = Annotated[AuthService, Depends(get_auth_service)]
"""Signing in."""

UserServiceDep = Annotated[UserService, Depends(get_user_service)]
"""Accounts."""

AnalysisServiceDep = Annotated[AnalysisService, Depends(get_analysis_service)]
"""Analyses."""

HealthServiceDep = Annotated[HealthService, Depends(get_health_service)]
"""How the service is doing."""


async def authenticated(token: Annotated[str | None, Depends(bearer)], auth: AuthServiceDep) -> Principal:
    """Who is asking; nobody gets past without a valid token of an active account."""
    return await auth.authenticate(token)


CurrentUser = Annotated[Principal, Depends(authenticated)]
"""Any known caller."""


def _requires(permission: Permission) -> Callable[[Principal], Awaitable[Principal]]:
    async def check(principal: CurrentUser) -> Principal:
        if not principal.may(permission):
            raise PermissionDenied
        return principal

    return check


UsersRead = Annotated[Principal, Depends(_requires(Permission.USERS_READ))]
"""A caller who may see everybody's account."""

UsersManage = Annotated[Principal, Depends(_requires(Permission.USERS_MANAGE))]
"""A caller who may change everybody's account."""

may_read_operations = _requires(Permission.OPERATIONS_READ)

OperationsRead = Annotated[Principal, Depends(may_read_operations)]
"""A caller who may look at how the service is doing."""
