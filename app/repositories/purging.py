"""Rows of users who have gone: the one place that looks for the deleted."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from app.models import Analysis, Job, User
from lintel.db import Session

_users: Any = User.__table__.c
_QUIETLY = {"synchronize_session": False}


class PurgeRepository:
    """Deletes them, within a unit of work."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def due(self, before: datetime, *, most: int) -> list[int]:
        """Ids of users who were deleted before a moment."""
        statement = select(_users.id).where(_users.deleted_at < before).order_by(_users.id).limit(most)
        return list((await self.session.execute(statement)).scalars())

    async def delete_some(self, user_id: int, *, most: int) -> int:
        """Delete some of the analyses and jobs of a user; how many."""
        deleted = 0
        for model in (Analysis, Job):
            rows: Any = model.__table__.c
            some = select(rows.id).where(rows.owner_id == user_id).limit(most)
            statement = delete(model).where(rows.id.in_(some)).returning(rows.id)
            deleted += len((await self.session.execute(statement, execution_options=_QUIETLY)).all())
        return deleted

    async def remove(self, user_id: int) -> None:
        """Delete the row of a user who was deleted, and with it every row that belongs to them."""
        statement = delete(User).where(_users.id == user_id, _users.deleted_at.is_not(None))
        await self.session.execute(statement, execution_options=_QUIETLY)
