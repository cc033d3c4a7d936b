"""Tokens that are sent by mail: made, looked at and used up."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.core.enums import TokenPurpose
from app.core.exceptions import OneTimeTokenInvalid
from app.models import OneTimeToken
from app.repositories.one_time_tokens import OneTimeTokenReader, OneTimeTokenRepository
from lintel.db import Database, Session, utc_now
from lintel.security import new_one_time_token, one_time_hash

PAUSE = timedelta(minutes=1)
"""So long nobody gets another mail of the same kind, however often somebody asks for it; the last one is good."""


class OneTimeTokens:
    """Gives each user at most one token for each purpose.

    Args:
        database: Holds their hashes.
        lifetimes: How long the tokens of each purpose are good.
    """

    def __init__(self, database: Database, lifetimes: Mapping[TokenPurpose, timedelta]) -> None:
        self._reader = OneTimeTokenReader(database)
        self.lifetimes = lifetimes

    async def make(
        self,
        session: Session,
        user_id: int,
        purpose: TokenPurpose,
        *,
        anew: bool = False,
        new_email: str | None = None,
    ) -> str | None:
        """A new token, in place of the one before it. The unit holds the user's row.

        Args:
            session: Of the unit of work.
            user_id: Whose.
            purpose: What it is good for.
            anew: However new the one before it is: nobody has seen that.
            new_email: The address that it lets them take.

        Returns:
            The token; None if there is one from a moment ago, for the same.
        """
        tokens, now = OneTimeTokenRepository(session), utc_now()
        before = await tokens.of(user_id, purpose)
        if before is not None:
            is_new = now - before.created_at < PAUSE and before.expires_at > now
            if is_new and not anew and before.new_email == new_email:
                return None
            await tokens.remove(before)
        token = new_one_time_token()
        await tokens.add(
            OneTimeToken(
                hash=one_time_hash(token),
                user_id=user_id,
                purpose=purpose,
                new_email=new_email,
                expires_at=now + self.lifetimes[purpose],
            )
        )
        return token

    async def owner(self, token: str, purpose: TokenPurpose) -> Mapping[str, Any]:
        """Id, address and names of the user whose token it is. It is not used up.

        Raises:
            OneTimeTokenInvalid: It is nobody's, or not for this.
        """
        owner = await self._reader.owner(one_time_hash(token), purpose)
        if owner is None:
            raise OneTimeTokenInvalid
        return owner

    async def use(self, session: Session, token: str, purpose: TokenPurpose, *, of_user: int) -> str | None:
        """Use a token up. The unit holds the user's row.

        Returns:
            The address that it lets them take, if it is for that.

        Raises:
            OneTimeTokenInvalid: It is not good (any more): somebody was quicker, or it is too late.
        """
        taken = await OneTimeTokenRepository(session).take(one_time_hash(token), purpose, of_user=of_user)
        if taken is None:
            raise OneTimeTokenInvalid
        new_email: str | None = taken["new_email"]
        return new_email
