"""What somebody gets who signs in, and gets anew."""

from datetime import datetime, timedelta

from app.models import UserSession
from app.repositories.sessions import SessionRepository
from app.schemas.auth import Token
from lintel.db import Session, utc_now
from lintel.security import Client, InvalidToken, RefreshToken, RefreshTokens, TokenSigner, new_salt
from lintel.settings import SessionSettings


class SessionTokens:
    """Opens and renews sessions, within a unit of work, and makes their tokens, after it."""

    def __init__(self, settings: SessionSettings, access: TokenSigner, refresh: RefreshTokens) -> None:
        self._access = access
        self._refresh = refresh
        self._idle = timedelta(days=settings.refresh_token_expire_days)
        self._life = timedelta(days=settings.session_max_days)
        self._grace = timedelta(seconds=settings.refresh_grace_seconds)
        self._most = settings.max_sessions_per_user

    async def open(self, session: Session, user_id: int, client: Client) -> UserSession:
        """A new session of a user; the one they did not use for longest makes room if they have many."""
        sessions, now = SessionRepository(session), utc_now()
        await sessions.make_room(user_id, most=self._most)
        return await sessions.add(
            UserSession(
                user_id=user_id,
                refresh_salt=new_salt(),
                user_agent=client.user_agent,
                ip_address=client.address,
                expires_at=now + min(self._idle, self._life),
                ends_at=now + self._life,
            )
        )

    def read(self, text: str) -> RefreshToken:
        """What a refresh token says.

        Raises:
            InvalidToken: It is none.
        """
        return self._refresh.read(text)

    def renew(self, row: UserSession, token: RefreshToken, client: Client) -> bool:
        """Make the next refresh token the good one, or leave it at that if that was done a moment ago.

        Returns:
            Whether the token may still be used; if not, somebody else has used it before.

        Raises:
            InvalidToken: We did not make it, or the session has ended.
        """
        now = utc_now()
        if not self._refresh.is_genuine(token, row.refresh_salt) or token.number > row.refresh_number:
            raise InvalidToken
        if row.revoked_at is not None or row.expires_at <= now:
            raise InvalidToken
        if token.number == row.refresh_number:
            self._advance(row, client, now)
            return True
        return token.number == row.refresh_number - 1 and now - row.last_used_at < self._grace

    def of(self, row: UserSession) -> Token:
        """The tokens of a session."""
        access = self._access.sign(str(row.user_id), {"sid": str(row.id)})
        return Token(
            access_token=access.value,
            expires_in=access.expires_in,
            refresh_token=self._refresh.make(row.id, row.refresh_number, row.refresh_salt),
        )

    def _advance(self, row: UserSession, client: Client, now: datetime) -> None:
        row.refresh_number += 1
        row.last_used_at = now
        row.expires_at = min(now + self._idle, row.ends_at)
        row.user_agent, row.ip_address = client.user_agent, client.address
