"""Sessions in the database."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, delete, or_, select, update

from app.models import UserSession
from app.repositories.batched import batched
from app.schemas.sessions import SessionQuery
from lintel.db import Database, Listing, Repository, Rows, utc_now
from lintel.security import Principal

_sessions = UserSession.__table__.c
_READ = (
    _sessions.id,
    _sessions.user_agent,
    _sessions.ip_address,
    _sessions.created_at,
    _sessions.last_used_at,
    _sessions.expires_at,
)
_LIVE = (_sessions.revoked_at.is_(None), _sessions.expires_at > bindparam("now"))
_LIST = Listing(_READ, where=[_sessions.user_id == bindparam("of_user"), *_LIVE], needs={"is_current": ["id"]})
_LIVE_AMONG = select(_sessions.id).where(_sessions.id.in_(bindparam("session_ids", expanding=True)), *_LIVE)
_END_ALL = (
    update(UserSession)
    .where(_sessions.user_id == bindparam("of_user"), _sessions.id != bindparam("but"), *_LIVE)
    .values(revoked_at=bindparam("now"))
)
_NOBODYS = UUID(int=0)


def is_live(session_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """The condition that a session is the one meant and has not ended; to be run with `now`."""
    live: ColumnElement[bool] = (_sessions.id == session_id) & _LIVE[0] & _LIVE[1]
    return live


class SessionReader:
    """Reads sessions, outside of any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def live_among(self, session_ids: Collection[UUID]) -> set[UUID]:
        """Those of these sessions that have not ended; of any number, in as many statements as that takes."""
        found: set[UUID] = set()
        for some in batched(session_ids):
            parameters = {"session_ids": some, "now": utc_now()}
            found |= {row["id"] for row in await self._database.fetch_all(_LIVE_AMONG, parameters, current=True)}
        return found

    async def page(self, principal: Principal, query: SessionQuery) -> Rows:
        """One page of where the principal is signed in."""
        return await _LIST.fetch(self._database, query.selection(), of_user=principal.id, now=utc_now())


class SessionRepository(Repository[UserSession]):
    """Writes sessions, within a unit of work."""

    model = UserSession

    async def find(self, session_id: UUID) -> UserSession | None:
        """A session, ended or not, held until the unit ends."""
        found: UserSession | None = await self.session.get(UserSession, session_id, with_for_update=True)
        return found

    async def end(self, principal: Principal, session_id: UUID) -> bool:
        """End a session of the principal's, if there is one that has not ended."""
        live = (_sessions.id == session_id, _sessions.user_id == principal.id, *_LIVE)
        statement = update(UserSession).where(*live).values(revoked_at=bindparam("now")).returning(_sessions.id)
        ended = await self.session.execute(statement, {"now": utc_now()})
        return ended.one_or_none() is not None

    async def end_all(self, user_id: int, *, but: UUID | None = None) -> None:
        """End all sessions of a user, or all but one."""
        parameters = {"of_user": user_id, "but": but or _NOBODYS, "now": utc_now()}
        await self.session.execute(_END_ALL, parameters, execution_options={"synchronize_session": False})

    async def make_room(self, user_id: int, *, most: int) -> None:
        """Leave a user with fewer sessions than the most there may be: those unused for longest go."""
        kept = (
            select(_sessions.id)
            .where(_sessions.user_id == user_id, *_LIVE)
            .order_by(_sessions.last_used_at.desc(), _sessions.id.desc())
            .limit(most - 1)
        )
        await self.session.execute(
            delete(UserSession).where(_sessions.user_id == user_id, _sessions.id.not_in(kept)),
            {"now": utc_now()},
            execution_options={"synchronize_session": False},
        )

    async def purge(self, before: datetime) -> int:
        """Delete those that ended before a moment; how many."""
        ended = or_(_sessions.expires_at < before, _sessions.revoked_at < before)
        deleted = await self.session.execute(delete(UserSession).where(ended).returning(_sessions.id))
        return len(deleted.all())
