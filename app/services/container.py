"""All services of one application, put together once."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from app.core.config import Settings
from app.core.migrations import MIGRATIONS
from app.core.policies import AccountPolicy
from app.services.analyses import AnalysisService
from app.services.auth import AuthService
from app.services.health import HealthService
from app.services.users import UserService
from lintel.db import Database
from lintel.observability import Check, HealthMonitor, redis_check
from lintel.ratelimit import RateLimiter, rate_limiter_of
from lintel.security import PasswordHasher, TokenSigner
from lintel.settings import resolve_secret_key

TYPE_OF_ACCESS = "at+jwt"
"""`typ` of access tokens (RFC 9068)."""


@dataclass(frozen=True, slots=True)
class Services:
    """What endpoints, workers and the command line use; they keep nothing between calls."""

    database: Database
    auth: AuthService
    users: UserService
    analyses: AnalysisService
    rate_limiter: RateLimiter
    monitor: HealthMonitor
    health: HealthService

    @classmethod
    def of(cls, settings: Settings, *, passwords: PasswordHasher | None = None) -> Self:
        """The services that the settings describe. Nothing is connected yet."""
        database = Database(settings)
        passwords = passwords or PasswordHasher(workers=settings.workers)
        tokens = TokenSigner(
            resolve_secret_key(settings),
            algorithm=settings.algorithm,
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            kind=TYPE_OF_ACCESS,
            lifetime=timedelta(minutes=settings.access_token_expire_minutes),
        )
        monitor = HealthMonitor(_checks(database, settings))
        return cls(
            database=database,
            auth=AuthService(database, passwords, tokens),
            users=UserService(database, passwords, AccountPolicy.of(settings)),
            analyses=AnalysisService(database),
            rate_limiter=rate_limiter_of(settings),
            monitor=monitor,
            health=HealthService(monitor, settings.app_version),
        )


def _checks(database: Database, settings: Settings) -> dict[str, Check]:
    async def check_database() -> None:
        await database.ping()
        await MIGRATIONS.check(database.reader)

    checks: dict[str, Check] = {"database": check_database}
    if settings.redis_url is not None:
        checks["redis"] = redis_check(settings.redis_url.get_secret_value())
    return checks
