"""Who is calling, and what they must be allowed to: with these a signature says who may call."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import BackgroundTasks, Depends, Request
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
from starlette.requests import HTTPConnection

from app.core.audit import AuditAction
from app.core.enums import UserRole
from app.core.exceptions import SessionRequired
from app.core.permissions import ROLE_PERMISSIONS, Permission
from app.services.api_keys import ApiKeyService, KeyInUse
from app.services.audit import AuditLog
from app.services.auth import AuthService
from lintel.errors import PermissionDenied, Unauthenticated
from lintel.routing import effective_path
from lintel.security import Access, Principal

# The address is completed in app.api.openapi, where the prefix is known.
bearer = OAuth2PasswordBearer(tokenUrl="auth/login", scheme_name="OAuth2Password", auto_error=False)


async def get_auth_service(request: Request) -> AuthService:
    """Who is asking."""
    auth: AuthService = request.app.state.services.auth
    return auth


AuthServiceDep = Annotated[AuthService, Depends(get_auth_service)]
"""Who is asking."""


class OneApiKey(APIKeyHeader):
    """The header of a key. Sent twice it is none of the two, and empty it is there all the same."""

    async def __call__(self, request: HTTPConnection) -> str | None:
        """What was sent; None if nothing was."""
        return ",".join(request.headers.getlist(self.model.name)) if self.model.name in request.headers else None


api_key = OneApiKey(name="X-API-Key", scheme_name="ApiKey", auto_error=False, description="A key of yours.")


async def authenticated(
    request: Request,
    background: BackgroundTasks,
    token: Annotated[str | None, Depends(bearer)],
    key: Annotated[str | None, Depends(api_key)],
    auth: AuthServiceDep,
) -> Principal:
    """Who is asking; nobody gets past without a valid token or key of an active account, and with one of them only."""
    if key is None:
        return await auth.authenticate(token)
    used = await _owner_of(key, request)
    if used.is_news:
        keys: ApiKeyService = request.app.state.services.api_keys
        background.add_task(keys.note_use, used.key_id)
    return used.principal


async def signed_in(request: Request, token: Annotated[str | None, Depends(bearer)], auth: AuthServiceDep) -> Principal:
    """Who is asking, with the session that they are signed in with."""
    # Not a dependency: the document would say that a key is welcome.
    key = await api_key(request)
    if key is None:
        return await auth.authenticate(token)
    await _owner_of(key, request)
    raise SessionRequired


async def _owner_of(key: str, request: Request) -> KeyInUse:
    if "authorization" in request.headers:
        raise Unauthenticated
    keys: ApiKeyService = request.app.state.services.api_keys
    return await keys.authenticate(key)


CurrentUser = Annotated[Principal, Depends(authenticated)]
"""Any known caller, whatever they may do: for other dependencies. Endpoints ask for a permission or a session."""

SignedIn = Annotated[Principal, Depends(signed_in)]
"""Whoever is signed in, for what is about their sessions, or too grave for a key."""


async def current_access(me: SignedIn, token: Annotated[str | None, Depends(bearer)], auth: AuthServiceDep) -> Access:
    """Who is signed in, and until when they may ask."""
    return auth.with_expiry(me, token)


CurrentAccess = Annotated[Access, Depends(current_access)]
"""Whoever is signed in, with how long their token is good."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets through who holds any of these permissions."""

    permissions: tuple[Permission, ...]

    def check(self, principal: Principal) -> None:
        """Refuse everybody else.

        Raises:
            PermissionDenied: They hold none.
        """
        if not any(principal.may(permission) for permission in self.permissions):
            raise PermissionDenied(f"This takes the permission {' or '.join(self.permissions)}.")


class Requires(Guard):
    """A guard of requests. Refusals of what only some roles may do are noted in the audit log."""

    async def __call__(self, request: Request, me: CurrentUser) -> Principal:
        """The caller, if they may."""
        try:
            self.check(me)
        except PermissionDenied:
            if ROLE_PERMISSIONS[UserRole.USER].isdisjoint(self.permissions):
                await self._note(request, me)
            raise
        return me

    async def _note(self, request: Request, me: Principal) -> None:
        audit: AuditLog = request.app.state.services.audit
        detail = {"permission": self.permissions[0], "route": f"{request.method} {effective_path(request.scope)}"}
        await audit.refused_again(AuditAction.PERMISSION_DENIED, by=me, user_id=me.id, detail=detail)


class RequiresToFollow(Guard):
    """A guard of what goes on after the request, for as long as the token is good."""

    async def __call__(self, access: CurrentAccess) -> Access:
        """The caller with their token's time, if they may."""
        self.check(access.principal)
        return access


ProfileRead = Annotated[Principal, Depends(Requires((Permission.PROFILE_READ,)))]
"""A caller who may see their account, and what is switched on for them."""

ProfileWrite = Annotated[Principal, Depends(Requires((Permission.PROFILE_WRITE,)))]
"""A caller who may change their account."""

AccountRead = Annotated[Principal, Depends(Requires((Permission.PROFILE_READ, Permission.USERS_READ)))]
"""A caller who may see their own account or everybody's; which of the two, the service decides."""

AnalysesRead = Annotated[Principal, Depends(Requires((Permission.ANALYSES_READ,)))]
"""A caller who may read their analyses, batches and exports."""

AnalysesWrite = Annotated[Principal, Depends(Requires((Permission.ANALYSES_WRITE,)))]
"""A caller who may have texts analysed, and delete analyses."""

AnalysesFollow = Annotated[Access, Depends(RequiresToFollow((Permission.ANALYSES_READ,)))]
"""A caller who may hear how their batches get on."""

JobsRead = Annotated[Principal, Depends(Requires((Permission.JOBS_READ,)))]
"""A caller who may see their jobs."""

JobsWrite = Annotated[Principal, Depends(Requires((Permission.JOBS_WRITE,)))]
"""A caller who may cancel their jobs."""

JobsFollow = Annotated[Access, Depends(RequiresToFollow((Permission.JOBS_READ,)))]
"""A caller who may hear how their jobs get on."""

JobsManage = Annotated[Principal, Depends(Requires((Permission.JOBS_MANAGE,)))]
"""A caller who may see and retry everybody's jobs."""

UsersRead = Annotated[Principal, Depends(Requires((Permission.USERS_READ,)))]
"""A caller who may see everybody's account."""

UsersManage = Annotated[Principal, Depends(Requires((Permission.USERS_MANAGE,)))]
"""A caller who may change everybody's account."""

MessagesSend = Annotated[Principal, Depends(Requires((Permission.MESSAGES_SEND,)))]
"""A caller who may speak to everybody."""

FlagsManage = Annotated[Principal, Depends(Requires((Permission.FLAGS_MANAGE,)))]
"""A caller who may switch flags."""

AuditLogRead = Annotated[Principal, Depends(Requires((Permission.AUDIT_READ,)))]
"""A caller who may see what everybody did."""

may_read_operations = Requires((Permission.OPERATIONS_READ,))

OperationsRead = Annotated[Principal, Depends(may_read_operations)]
"""A caller who may look at how the service is doing."""
