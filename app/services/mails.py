"""What people are told by mail."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.core.enums import TokenPurpose, UserStatus
from app.core.exceptions import MailUnavailable, MailUndeliverable
from app.models import User
from app.repositories.invitations import InvitationRepository
from app.repositories.users import UserRepository
from app.services.one_time_tokens import OneTimeTokens
from lintel.db import Database, Session, utc_now
from lintel.mail import Mail, MailDelayed, Mailer, MailRefused, MailTemplates
from lintel.security import new_one_time_token, one_time_hash

TEMPLATES = Path(__file__).resolve().parent.parent / "templates" / "mail"

ACCOUNT_EXISTS = "account_exists"
"""A mail to who has verified their address already: its template."""
PASSWORD_CHOICE = "password_choice"  # noqa: S105 - a mail to who is to choose a password first: its template

INVITATION = "invitation"
"""A mail to who has no account yet: its template."""
REACHABLE = frozenset({UserStatus.ACTIVE, UserStatus.PENDING_VERIFICATION})
"""Who can do something with a token."""

Values = Mapping[str, Any]
"""What a template is filled with; `address` is where the mail goes."""


class MailService:
    """Writes mails to people, as they are when the mail is sent.

    Args:
        database: Knows them.
        mailer: Sends.
        tokens: Makes what some mails carry.
        service: What the service calls itself.
        api: Where version 1 is, as people reach it.
    """

    def __init__(self, database: Database, mailer: Mailer, tokens: OneTimeTokens, *, service: str, api: str) -> None:
        self._database = database
        self._mailer = mailer
        self._tokens = tokens
        self._templates = MailTemplates(TEMPLATES)
        self._here = {"service": service, "api": api}

    async def send_to_user(self, user_id: int, template: str, *, mail_id: str, address: str | None = None) -> bool:
        """Send a mail to a user. False: they have left meanwhile.

        Args:
            user_id: Who.
            template: What they are told: a name in `app/templates/mail`.
            mail_id: The same whenever the same mail is sent again.
            address: Where to; None: to the address that they have.

        Raises:
            MailUnavailable: Not now.
            MailUndeliverable: Never.
        """

        # By the writer: an account that was just made need not have reached a replica.
        async def work(session: Session) -> Values | None:
            user = await UserRepository(session).get(user_id)
            return None if user is None else self._values(user, address)

        return await self._send(template, await self._database.run(work), mail_id=mail_id)

    async def send_token(
        self, user_id: int | None, purpose: TokenPurpose, *, again: bool = False, address: str | None = None
    ) -> bool:
        """Send a user a token. False: nobody is to be sent one, or they were a moment ago.

        Args:
            user_id: Who; None for nobody.
            purpose: What the token is good for.
            again: This was tried before; what became of it is not known.
            address: The one that they want to have, which the mail goes to.

        Raises:
            MailUnavailable: Not now.
            MailUndeliverable: Never.
        """
        if user_id is None:
            return False

        async def work(session: Session) -> tuple[str, Values | None]:
            user = await UserRepository(session).get(user_id, for_update=True)
            if user is None or user.status not in REACHABLE:
                return "", None
            template, good_for = _fitting(user, purpose)
            # Made for a mail without one, too: it is what keeps the next mail from coming at once.
            token = await self._tokens.make(session, user_id, good_for, anew=again, new_email=address)
            if token is None:
                return "", None
            minutes = int(self._tokens.lifetimes[good_for].total_seconds() // 60)
            return template, {**self._values(user, address), "token": token, "minutes": minutes, "hours": minutes // 60}

        template, values = await self._database.run(work)
        # A mail with another token is another mail, hence an id of its own each time.
        return await self._send(template, values, mail_id=None)

    async def send_invitation(self, invitation_id: int) -> bool:
        """Send an invitation, with a token that replaces one that was sent before. False: it has ended meanwhile.

        Raises:
            MailUnavailable: Not now.
            MailUndeliverable: Never.
        """

        async def work(session: Session) -> Values | None:
            row = await InvitationRepository(session).get(invitation_id, for_update=True)
            if row is None or row.expires_at <= utc_now():
                return None
            token = new_one_time_token()
            row.hash = one_time_hash(token)
            until = row.expires_at.strftime("%Y-%m-%d %H:%M")
            return {**self._here, "address": row.email, "token": token, "until": until}

        return await self._send(INVITATION, await self._database.run(work), mail_id=None)

    def _values(self, user: User, address: str | None = None) -> Values:
        # A name that anybody can have chosen is not sent to an address that nobody has shown to be theirs.
        is_known = address is None and user.email_verified_at is not None
        return {**self._here, "name": user.full_name if is_known else None, "address": address or user.email}

    async def _send(self, template: str, values: Values | None, *, mail_id: str | None) -> bool:
        if values is None:
            return False
        told = self._templates.render(template, **values)
        try:
            await self._mailer.send(
                Mail(to=values["address"], subject=told.subject, text=told.text, html=told.html, id=mail_id)
            )
        except MailDelayed:
            raise MailUnavailable from None
        except MailRefused:
            raise MailUndeliverable from None
        return True


def _fitting(user: User, purpose: TokenPurpose) -> tuple[str, TokenPurpose]:
    """What to tell a user who is to verify their address, as they are; and what the token in it is good for."""
    if purpose is TokenPurpose.EMAIL_VERIFICATION:
        if user.status is UserStatus.ACTIVE and user.email_verified_at is not None:
            return ACCOUNT_EXISTS, purpose
        if not user.hashed_password:
            return PASSWORD_CHOICE, TokenPurpose.PASSWORD_RESET
    return purpose.value, purpose
