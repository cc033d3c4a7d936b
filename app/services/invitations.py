"""Invitations: who may make an account where not everybody may, and of which role."""

from datetime import timedelta

import structlog

from app.core.audit import AuditAction, TargetKind
from app.core.exceptions import InvitationNotFound
from app.core.policies import AccountPolicy
from app.jobs import SendInvitation
from app.models import Invitation
from app.repositories.audit import AuditRepository
from app.repositories.invitations import InvitationReader, InvitationRepository
from app.repositories.users import UserRepository
from app.schemas.invitations import InvitationCreate, InvitationQuery, InvitationRead
from lintel.api import Found
from lintel.db import Database, Session, utc_now
from lintel.errors import AlreadyExists
from lintel.jobs import JobQueue
from lintel.security import Principal

_log = structlog.get_logger("app.invitations")


class InvitationService:
    """Makes, shows and revokes invitations. They are accepted by registering.

    Args:
        database: Holds them.
        policy: Says who is welcome.
        queue: Takes the mails.
        lifetime: How long an invitation is good.
    """

    def __init__(self, database: Database, policy: AccountPolicy, queue: JobQueue, *, lifetime: timedelta) -> None:
        self._database = database
        self._reader = InvitationReader(database)
        self._policy = policy
        self._queue = queue
        self._lifetime = lifetime

    async def create_invitation(self, principal: Principal, new: InvitationCreate) -> InvitationRead:
        """An invitation, and a mail that brings its token.

        Raises:
            RegistrationClosed: Nobody registers here, invited or not.
            InvalidInput: The policy refuses the address.
            AlreadyExists: Somebody has the address, or is invited already.
        """
        self._policy.check_registration(is_invited=True)
        self._policy.check_email(new.email)

        async def work(session: Session) -> InvitationRead:
            if await UserRepository(session).verified_by_email(new.email):
                raise AlreadyExists("A user with this e-mail address already exists.")
            expires_at = utc_now() + self._lifetime
            row = Invitation(email=new.email, role=new.role, invited_by=principal.id, expires_at=expires_at)
            made = InvitationRead.model_validate(await InvitationRepository(session).add(row))
            await AuditRepository(session).note(
                AuditAction.INVITATION_CREATED,
                by=principal,
                target=(TargetKind.INVITATION, made.id),
                detail={"role": new.role.value},
            )
            await self._queue.enqueue(session, SendInvitation(invitation_id=made.id))
            return made

        made = await self._database.run(work)
        _log.info("invitation made", invitation_id=made.id, role=made.role.value)
        return made

    async def list_invitations(self, query: InvitationQuery) -> Found[InvitationRead]:
        """One page of the invitations that nobody has accepted, and how many there are."""
        found = await self._reader.page(query)
        return Found.of(InvitationRead, found, query)

    async def get_invitation(self, invitation_id: int) -> InvitationRead:
        """One of them.

        Raises:
            InvitationNotFound: There is none (any more).
        """
        row = await self._reader.get(invitation_id)
        if row is None:
            raise InvitationNotFound
        return InvitationRead.model_validate(row)

    async def revoke_invitation(self, principal: Principal, invitation_id: int) -> None:
        """An invitation is worth nothing from now on.

        Raises:
            InvitationNotFound: There is none (any more).
        """

        async def work(session: Session) -> None:
            if not await InvitationRepository(session).end(invitation_id):
                raise InvitationNotFound
            target = (TargetKind.INVITATION, invitation_id)
            await AuditRepository(session).note(AuditAction.INVITATION_REVOKED, by=principal, target=target)

        await self._database.run(work)
        _log.info("invitation revoked", invitation_id=invitation_id)
