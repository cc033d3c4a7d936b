"""What endpoints ask for, one idea each: with these a signature reads like a sentence."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request, Response
from starlette.requests import HTTPConnection

from app.api.callers import AnalysesRead, AnalysesWrite, CurrentUser
from app.core.limits import TEXTS
from app.schemas.analyses import AnalysesCreate
from app.schemas.batches import BatchCreate, BatchRead
from app.services.analyses import AnalysisService
from app.services.api_keys import ApiKeyService
from app.services.audit import AuditLog
from app.services.avatars import AvatarService
from app.services.batches import BatchService
from app.services.bulk_users import BulkUserService
from app.services.container import Services
from app.services.emails import EmailService
from app.services.exports import ExportService
from app.services.flags import FlagService
from app.services.health import HealthService
from app.services.invitations import InvitationService
from app.services.jobs import JobService
from app.services.passwords import PasswordService
from app.services.profiles import ProfileService
from app.services.realtime import RealtimeService
from app.services.registration import RegistrationService
from app.services.sessions import SessionService
from app.services.users import UserService
from lintel.api import Idempotency, IdempotencyKeyHeader, PathId
from lintel.files import SignedFiles
from lintel.ratelimit import charge
from lintel.security import SigningKeys

PUBLIC = "public, max-age=300"
CHANNEL = r"^[a-z][a-z0-9_-]*(:[A-Za-z0-9_.-]+)*$"


async def get_session_service(request: Request) -> SessionService:
    """Signing in and out."""
    return _services(request).sessions


async def get_password_service(request: Request) -> PasswordService:
    """Passwords that are replaced."""
    return _services(request).passwords


async def get_email_service(request: Request) -> EmailService:
    """Addresses that are changed."""
    return _services(request).emails


async def get_invitation_service(request: Request) -> InvitationService:
    """Who may make an account."""
    return _services(request).invitations


async def get_api_key_service(request: Request) -> ApiKeyService:
    """API keys."""
    return _services(request).api_keys


async def get_audit_log(request: Request) -> AuditLog:
    """What was done, by whom."""
    return _services(request).audit


async def get_user_service(request: Request) -> UserService:
    """Accounts."""
    return _services(request).users


async def get_bulk_user_service(request: Request) -> BulkUserService:
    """Many accounts at once."""
    return _services(request).bulk_users


async def get_registration_service(request: Request) -> RegistrationService:
    """Accounts that people make for themselves."""
    return _services(request).registration


async def get_avatar_service(request: Request) -> AvatarService:
    """Pictures of users."""
    return _services(request).avatars


async def get_profile_service(request: Request) -> ProfileService:
    """Profiles and settings of users."""
    return _services(request).profiles


async def get_analysis_service(request: Request) -> AnalysisService:
    """Analyses."""
    return _services(request).analyses


async def get_realtime_service(connection: HTTPConnection) -> RealtimeService:
    """WebSockets and streams; for requests of both kinds."""
    return _services(connection).realtime


async def get_job_service(request: Request) -> JobService:
    """Jobs."""
    return _services(request).jobs


async def get_export_service(request: Request) -> ExportService:
    """Analyses in files."""
    return _services(request).exports


async def get_batch_service(request: Request) -> BatchService:
    """Batches."""
    return _services(request).batches


async def get_flag_service(request: Request) -> FlagService:
    """What is switched on."""
    return _services(request).flags


async def get_health_service(request: Request) -> HealthService:
    """How the service is doing."""
    return _services(request).health


async def get_signing_keys(request: Request) -> SigningKeys:
    """What access tokens are signed and verified with."""
    return _services(request).signing_keys


async def kept_by_everybody(response: Response) -> None:
    """An answer that is the same for all, and changes rarely: caches may keep it for some minutes."""
    response.headers["Cache-Control"] = PUBLIC


async def get_signed_files(request: Request) -> SignedFiles:
    """Files, and the links to them."""
    services = _services(request)
    return SignedFiles(services.storage, services.links)


def _services(request: HTTPConnection) -> Services:
    # No dependency of its own: each link of a chain is paid for with every request.
    services: Services = request.app.state.services
    return services


SessionServiceDep = Annotated[SessionService, Depends(get_session_service)]
"""Signing in and out."""

PasswordServiceDep = Annotated[PasswordService, Depends(get_password_service)]
"""Passwords that are replaced."""

EmailServiceDep = Annotated[EmailService, Depends(get_email_service)]
"""Addresses that are changed."""

InvitationServiceDep = Annotated[InvitationService, Depends(get_invitation_service)]
"""Who may make an account."""

ApiKeyServiceDep = Annotated[ApiKeyService, Depends(get_api_key_service)]
"""API keys."""

AuditLogDep = Annotated[AuditLog, Depends(get_audit_log)]
"""What was done, by whom."""

UserServiceDep = Annotated[UserService, Depends(get_user_service)]
"""Accounts."""

BulkUserServiceDep = Annotated[BulkUserService, Depends(get_bulk_user_service)]
"""Many accounts at once."""

RegistrationServiceDep = Annotated[RegistrationService, Depends(get_registration_service)]
"""Accounts that people make for themselves."""

AvatarServiceDep = Annotated[AvatarService, Depends(get_avatar_service)]
"""Pictures of users."""

ProfileServiceDep = Annotated[ProfileService, Depends(get_profile_service)]
"""Profiles and settings of users."""

AnalysisServiceDep = Annotated[AnalysisService, Depends(get_analysis_service)]
"""Analyses."""

RealtimeServiceDep = Annotated[RealtimeService, Depends(get_realtime_service)]
"""WebSockets and streams."""

JobServiceDep = Annotated[JobService, Depends(get_job_service)]
"""Jobs."""

ExportServiceDep = Annotated[ExportService, Depends(get_export_service)]
"""Analyses in files."""

BatchServiceDep = Annotated[BatchService, Depends(get_batch_service)]
"""Batches."""

FlagServiceDep = Annotated[FlagService, Depends(get_flag_service)]
"""What is switched on."""

SigningKeysDep = Annotated[SigningKeys, Depends(get_signing_keys)]
"""What access tokens are signed and verified with."""

HealthServiceDep = Annotated[HealthService, Depends(get_health_service)]
"""How the service is doing."""


async def get_idempotency(
    request: Request, response: Response, me: CurrentUser, key: IdempotencyKeyHeader = None
) -> Idempotency:
    """The caller's key, if the request came with one."""
    return Idempotency(request, response, keys=_services(request).idempotency, principal_id=me.id, key=key)


IdempotencyDep = Annotated[Idempotency, Depends(get_idempotency)]
"""A request that may be sent again (Idempotency-Key)."""


async def get_batch(batch_id: PathId, me: AnalysesRead, batches: BatchServiceDep) -> BatchRead:
    """The batch in the path, if it is the caller's."""
    return await batches.get_batch(me, batch_id)


BatchOfCaller = Annotated[BatchRead, Depends(get_batch)]
"""A batch of the caller, found before anything is answered."""


async def get_new_batch(request: Request, new: BatchCreate, _: AnalysesWrite) -> BatchCreate:
    """The batch in the body, counted for each of its texts: the first was counted with the request."""
    await charge(request.scope, len(new.texts) - 1, of=TEXTS)
    return new


NewBatch = Annotated[BatchCreate, Depends(get_new_batch)]
"""A batch to be made, whose caller may have so many texts read."""


async def get_new_analyses(request: Request, new: AnalysesCreate, _: AnalysesWrite) -> AnalysesCreate:
    """The texts in the body, each of which counts."""
    await charge(request.scope, len(new.items) - 1, of=TEXTS)
    return new


NewAnalyses = Annotated[AnalysesCreate, Depends(get_new_analyses)]
"""Texts to be read at once, whose caller may have so many read."""

ChannelName = Annotated[
    str, Path(max_length=128, pattern=CHANNEL, description="`news`, `maintenance` or `user:<id>`.", examples=["news"])
]
"""A channel, as part of a path."""

JobId = Annotated[UUID, Path(description="Id of a job.")]
"""A job, as part of a path."""
