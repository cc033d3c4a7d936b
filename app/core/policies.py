"""Rules for accounts that depend on the settings."""

from dataclasses import dataclass

from app.core.config import Settings
from app.core.exceptions import RegistrationClosed
from lintel.errors import FieldError, InvalidInput


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """Who may have which account with which password.

    Attributes:
        registration_open: Whether people can make accounts for themselves.
        allowed_domains: Domains that addresses must be of; none means any.
        blocked_domains: Domains that addresses must not be of.
        require_special: Whether a password needs a character that is neither letter nor digit.
    """

    registration_open: bool
    allowed_domains: frozenset[str]
    blocked_domains: frozenset[str]
    require_special: bool

    @classmethod
    def of(cls, settings: Settings) -> "AccountPolicy":
        """The policy that the settings describe."""
        return cls(
            registration_open=settings.registration == "open",
            allowed_domains=frozenset(domain.lower() for domain in settings.email_allowed_domains),
            blocked_domains=frozenset(domain.lower() for domain in settings.email_blocked_domains),
            require_special=settings.password_require_special,
        )

    def check_registration(self) -> None:
        """Refuse people who come by themselves where administrators make the accounts.

        Raises:
            RegistrationClosed: They do here.
        """
        if not self.registration_open:
            raise RegistrationClosed

    def check_email(self, email: str) -> None:
        """Refuse addresses of domains that are not wanted.

        Raises:
            InvalidInput: Names the domain.
        """
        domain = email.rpartition("@")[2]
        if domain in self.blocked_domains or (self.allowed_domains and domain not in self.allowed_domains):
            raise _invalid("/body/email", f"addresses of {domain} are not accepted here", "email_domain")

    def check_password(self, password: str) -> None:
        """Refuse passwords that the stricter profile does not accept; the schema has checked the rest.

        Raises:
            InvalidInput: Says what is missing.
        """
        if self.require_special and all(sign.isalnum() or sign.isspace() for sign in password):
            raise _invalid("/body/password", "needs at least one special character", "password_special")


def _invalid(pointer: str, message: str, code: str) -> InvalidInput:
    return InvalidInput(f"{pointer}: {message}", errors=[FieldError(pointer, message, code)])
