"""The services around accounts, put together: they share more than others do."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from app.core.config import Settings
from app.core.enums import TokenPurpose
from app.core.policies import AccountPolicy
from app.services.audit import AuditLog
from app.services.cached_users import CachedUsers
from app.services.emails import EmailService
from app.services.invitations import InvitationService
from app.services.mails import MailService
from app.services.one_time_tokens import OneTimeTokens
from app.services.passwords import PasswordService
from app.services.registration import RegistrationService
from app.services.session_tokens import SessionTokens
from app.services.sessions import SessionService
from app.services.throttles import PasswordThrottle, RegistrationThrottle, SignInThrottle
from app.services.users import UserService
from lintel.db import Database
from lintel.jobs import JobQueue
from lintel.mail import Mailer
from lintel.pubsub import PubSub
from lintel.ratelimit import RateLimiter
from lintel.security import PasswordHasher, RefreshTokens, TokenSigner
from lintel.settings import resolve_secret_key


@dataclass(frozen=True, slots=True)
class AccountParts:
    """Makes them, of what they share."""

    settings: Settings
    database: Database
    hasher: PasswordHasher
    pubsub: PubSub
    queue: JobQueue
    limiter: RateLimiter
    audit: AuditLog

    @classmethod
    def of(
        cls,
        settings: Settings,
        database: Database,
        hasher: PasswordHasher | None,
        *,
        pubsub: PubSub,
        queue: JobQueue,
        limiter: RateLimiter,
    ) -> Self:
        """With the log of what is done."""
        retention = timedelta(days=settings.audit_retention_days)
        hasher = hasher or PasswordHasher(settings.password_hash, workers=settings.workers)
        audit = AuditLog(database, secret=resolve_secret_key(settings), limiter=limiter, retention=retention)
        return cls(settings, database, hasher, pubsub, queue, limiter, audit)

    def users(self, answers: CachedUsers) -> UserService:
        """Accounts themselves."""
        return UserService(self.database, self.hasher, self._policy, answers, self.pubsub, queue=self.queue)

    def sessions(self, access: TokenSigner) -> SessionService:
        """Signing in and out."""
        return SessionService(
            self.database,
            self.hasher,
            SessionTokens(self.settings, access, RefreshTokens(self.settings.secret_keys)),
            self.pubsub,
            throttle=SignInThrottle.of(self.settings, self.limiter),
            must_verify_email=self.settings.must_verify_email,
            audit=self.audit,
        )

    def registration(self, users: UserService) -> RegistrationService:
        """Accounts that people make for themselves."""
        throttle = RegistrationThrottle.of(self.settings, self.limiter)
        return RegistrationService(
            self.database, users, self._policy, self._one_time, queue=self.queue, throttle=throttle
        )

    def replaced_passwords(self) -> PasswordService:
        """Passwords that are replaced."""
        return PasswordService(
            self.database,
            self.hasher,
            self._policy,
            self._one_time,
            self.pubsub,
            queue=self.queue,
            throttle=PasswordThrottle.of(self.settings, self.limiter),
            audit=self.audit,
        )

    def emails(self, passwords: PasswordService) -> EmailService:
        """Addresses that are changed."""
        return EmailService(
            self.database,
            passwords,
            self._policy,
            self._one_time,
            self.pubsub,
            queue=self.queue,
            throttle=PasswordThrottle.of(self.settings, self.limiter),
        )

    def invitations(self) -> InvitationService:
        """Who may make an account."""
        lifetime = timedelta(days=self.settings.invitation_days)
        return InvitationService(self.database, self._policy, self.queue, lifetime=lifetime)

    def mails(self, mailer: Mailer) -> MailService:
        """Mails to users."""
        settings = self.settings
        return MailService(self.database, mailer, self._one_time, service=settings.app_name, api=settings.public_api)

    @property
    def _policy(self) -> AccountPolicy:
        return AccountPolicy.of(self.settings)

    @property
    def _one_time(self) -> OneTimeTokens:
        lifetimes = {
            TokenPurpose.PASSWORD_RESET: timedelta(minutes=self.settings.password_reset_minutes),
            TokenPurpose.EMAIL_VERIFICATION: timedelta(hours=self.settings.email_verification_hours),
            TokenPurpose.EMAIL_CHANGE: timedelta(hours=self.settings.email_verification_hours),
        }
        return OneTimeTokens(self.database, lifetimes)
