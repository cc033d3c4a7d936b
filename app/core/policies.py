"""Rules for accounts that depend on the settings."""

from dataclasses import dataclass

from app.core.config import Settings
from app.core.exceptions import InvitationNeeded, RegistrationClosed
from app.core.passwords import MADE_OF_NAMES, is_made_of
from lintel.errors import FieldError, InvalidInput


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """Who may have which account with which password.

    Attributes:
        registration: Who can make an account for themselves: open, invite or closed.
        must_verify_email: Whether they have to verify their addresses before they can sign in.
        allowed_domains: Domains that addresses must be of; none means any.
        blocked_domains: Domains that addresses must not be of.
        require_special: Whether a password needs a character that is neither letter nor digit.
        service: What the service calls itself; no password may be made of it.
    """

    registration: str
    must_verify_email: bool
    allowed_domains: frozenset[str]
    blocked_domains: frozenset[str]
    require_special: bool
    service: str

    @classmethod
    def of(cls, settings: Settings) -> "AccountPolicy":
        """The policy that the settings describe."""
        return cls(
            registration=settings.registration,
            must_verify_email=settings.must_verify_email,
            allowed_domains=frozenset(domain.lower() for domain in settings.email_allowed_domains),
            blocked_domains=frozenset(domain.lower() for domain in settings.email_blocked_domains),
            require_special=settings.password_require_special,
            service=settings.app_name,
        )

    def check_registration(self, *, is_invited: bool = False) -> None:
        """Refuse people who come by themselves where administrators make the accounts, or invite.

        Args:
            is_invited: Whether they bring an invitation.

        Raises:
            RegistrationClosed: Nobody registers here.
            InvitationNeeded: They bring none, where one is needed.
        """
        if self.registration == "closed":
            raise RegistrationClosed
        if self.registration == "invite" and not is_invited:
            raise InvitationNeeded

    def check_email(self, email: str, *, pointer: str = "/body/email") -> None:
        """Refuse addresses of domains that are not wanted.

        Args:
            email: The address.
            pointer: Where it stands in the request.

        Raises:
            InvalidInput: Names the domain.
        """
        domain = email.rpartition("@")[2]
        if domain in self.blocked_domains or (self.allowed_domains and domain not in self.allowed_domains):
            raise _invalid(pointer, f"addresses of {domain} are not accepted here", "email_domain")

    def check_password(self, password: str, *names: str | None, pointer: str = "/body/password") -> None:
        """Refuse passwords that the stricter profile does not accept, or that are made of what others know of the user.

        The schema has checked the rest.

        Args:
            password: The one that was chosen.
            names: The user's address, name and username.
            pointer: Where it stands in the request.

        Raises:
            InvalidInput: Says what is missing, or that it is made of these names.
        """
        if self.require_special and all(sign.isalnum() or sign.isspace() for sign in password):
            raise _invalid(pointer, "needs at least one special character", "password_special")
        if is_made_of(password, [self.service, *filter(None, names)]):
            raise _invalid(pointer, MADE_OF_NAMES, "password_personal")


def _invalid(pointer: str, message: str, code: str) -> InvalidInput:
    return InvalidInput(f"{pointer}: {message}", errors=[FieldError(pointer, message, code)])
