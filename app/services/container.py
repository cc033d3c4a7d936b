"""All services of one application, put together once."""

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from app.core.channels import user_channel
from app.core.config import Settings
from app.core.flags import DECLARED
from app.core.migrations import MIGRATIONS
from app.models import FeatureFlag, IdempotencyKey, Job
from app.services._accounts import AccountParts
from app.services.analyses import AnalysisService
from app.services.api_keys import ApiKeyService
from app.services.audit import AuditLog
from app.services.auth import AuthService
from app.services.avatars import AvatarService
from app.services.batch_reading import BatchReading
from app.services.batches import BatchService
from app.services.bulk_users import BulkUserService
from app.services.cached_users import CachedUsers
from app.services.emails import EmailService
from app.services.exports import ExportService
from app.services.flags import FlagService
from app.services.health import HealthService
from app.services.invitations import InvitationService
from app.services.jobs import JobService
from app.services.mails import MailService
from app.services.passwords import PasswordService
from app.services.profiles import ProfileService
from app.services.purging import PurgeService
from app.services.realtime import RealtimeService
from app.services.registration import RegistrationService
from app.services.sessions import SessionService
from app.services.users import UserService
from lintel.cache import Cache, cache_of
from lintel.db import Database
from lintel.flags import flags_of
from lintel.idempotency import IdempotencyKeys
from lintel.jobs import Children, JobQueue, JobTransport, Signals, transport_of
from lintel.mail import Mailer, mailer_of
from lintel.observability import Check, HealthMonitor, redis_check
from lintel.pubsub import PubSub, pubsub_of
from lintel.ratelimit import RateLimiter, rate_limiter_of
from lintel.realtime import ConnectionManager, Draining, Follower, SocketLimits
from lintel.security import PasswordHasher, SigningKeys, TokenSigner, signing_keys_of
from lintel.settings import resolve_secret_key
from lintel.storage import LinkSigner, Storage, link_signer_of, storage_of

JOBS = "lintel.jobs"
"""What the broker of jobs knows us by."""
AVATARS_AT_ONCE = 1
"""Pictures that one process works on; each takes a tenth of a second, and up to 200 MB in a process of its own."""
TYPE_OF_ACCESS = "at+jwt"
"""`typ` of access tokens (RFC 9068)."""


@dataclass(frozen=True, slots=True)
class Services:
    """What endpoints, workers and the command line use; they keep nothing between calls."""

    database: Database
    signing_keys: SigningKeys
    auth: AuthService
    api_keys: ApiKeyService
    audit: AuditLog
    sessions: SessionService
    users: UserService
    registration: RegistrationService
    passwords: PasswordService
    emails: EmailService
    invitations: InvitationService
    profiles: ProfileService
    avatars: AvatarService
    analyses: AnalysisService
    batches: BatchService
    batch_reading: BatchReading
    exports: ExportService
    purging: PurgeService
    mails: MailService
    jobs: JobService
    queue: JobQueue
    transport: JobTransport | None
    flags: FlagService
    idempotency: IdempotencyKeys
    storage: Storage
    mailer: Mailer
    links: LinkSigner
    realtime: RealtimeService
    pubsub: PubSub
    draining: Draining
    follower: Follower
    rate_limiter: RateLimiter
    cache: Cache
    monitor: HealthMonitor
    health: HealthService

    @property
    def bulk_users(self) -> BulkUserService:
        """Many accounts at once; made for each use, as there is nothing to keep."""
        return BulkUserService(self.database, self.users)

    @classmethod
    def of(cls, settings: Settings, *, passwords: PasswordHasher | None = None) -> Self:
        """The services that the settings describe. Nothing is connected yet."""
        database, cache = _database(settings)
        switches, stored = flags_of(settings, database, FeatureFlag, declared=DECLARED)
        signing_keys = signing_keys_of(settings)
        storage, mailer = storage_of(settings), mailer_of(settings)
        monitor = HealthMonitor(_checks(database, storage, settings))
        pubsub, limiter = pubsub_of(settings), rate_limiter_of(settings)
        tokens = _access_tokens(settings, signing_keys)
        auth, draining = AuthService(database, tokens), Draining()
        queue = JobQueue(database, Job, signals=Signals(pubsub))
        accounts = AccountParts.of(settings, database, passwords, pubsub=pubsub, queue=queue, limiter=limiter)
        users, replaced = accounts.users(CachedUsers(database, cache, settings)), accounts.replaced_passwords()
        avatars = AvatarService(database, storage, Children(AVATARS_AT_ONCE), max_bytes=settings.avatar_max_bytes)
        return cls(
            database=database,
            pubsub=pubsub,
            signing_keys=signing_keys,
            auth=auth,
            audit=accounts.audit,
            api_keys=ApiKeyService(database, queue, most=settings.max_api_keys_per_user),
            sessions=accounts.sessions(tokens),
            users=users,
            registration=accounts.registration(users),
            passwords=replaced,
            emails=accounts.emails(replaced),
            invitations=accounts.invitations(),
            profiles=ProfileService(database, users, avatars),
            avatars=avatars,
            batches=BatchService(database, queue, switches, at_once=settings.batches_at_once_per_user),
            batch_reading=BatchReading(database, Children(os.cpu_count() or 1)),
            exports=_exports(settings, database, storage, queue),
            purging=PurgeService(database, storage, retention=timedelta(days=settings.users_purge_days)),
            mails=accounts.mails(mailer),
            jobs=JobService(database, queue, retention=timedelta(days=settings.jobs_retention_days)),
            queue=queue,
            transport=_transport(settings),
            analyses=AnalysisService(database, switches),
            flags=FlagService(database, switches, stored),
            idempotency=_idempotency(settings, database),
            storage=storage,
            mailer=mailer,
            links=link_signer_of(settings),
            realtime=_realtime(settings, database, pubsub, auth),
            draining=draining,
            follower=Follower.of(settings, pubsub=pubsub, draining=draining),
            rate_limiter=limiter,
            cache=cache,
            monitor=monitor,
            health=HealthService(monitor, settings.app_version),
        )


def _database(settings: Settings) -> tuple[Database, Cache]:
    """The database, and the cache that hears of its changes."""
    database, cache = Database(settings), cache_of(settings)
    database.on_changed(lambda names: cache.invalidate(*names))
    return database, cache


def _realtime(settings: Settings, database: Database, pubsub: PubSub, auth: AuthService) -> RealtimeService:
    sockets = ConnectionManager(
        pubsub, limits=SocketLimits.of(settings), still_valid=auth.still_valid, access_channel=user_channel
    )
    return RealtimeService(database, auth, pubsub, sockets, ticket_seconds=settings.ws_ticket_seconds)


def _exports(settings: Settings, database: Database, storage: Storage, queue: JobQueue) -> ExportService:
    kept = timedelta(days=settings.exports_kept_days)
    return ExportService(database, storage, queue, most=settings.max_exports_per_user, kept=kept)


def _transport(settings: Settings) -> JobTransport | None:
    broker = settings.jobs_broker_url
    return None if broker is None else transport_of(broker.get_secret_value(), name=JOBS)


def _idempotency(settings: Settings, database: Database) -> IdempotencyKeys:
    lifetime = timedelta(hours=settings.idempotency_ttl_hours)
    return IdempotencyKeys(database, IdempotencyKey, secret=resolve_secret_key(settings), lifetime=lifetime)


def _access_tokens(settings: Settings, keys: SigningKeys) -> TokenSigner:
    return TokenSigner(
        keys,
        issuer=settings.jwt_issuer,
        audience=settings.jwt_audience,
        kind=TYPE_OF_ACCESS,
        lifetime=timedelta(minutes=settings.access_token_expire_minutes),
    )


def _checks(database: Database, storage: Storage, settings: Settings) -> dict[str, Check]:
    async def check_database() -> None:
        await database.ping()
        await MIGRATIONS.check(database.reader)

    checks: dict[str, Check] = {"database": check_database, "storage": storage.check}
    if settings.redis_url is not None:
        checks["redis"] = redis_check(settings.redis_url.get_secret_value())
    return checks
