"""What follows a commit."""

from collections.abc import Callable

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session as SyncSession


def on_commit(session: AsyncSession, call: Callable[[], None]) -> None:
    """Call a function once the session's unit of work is committed, and never if it is undone.

    SQLAlchemy tells of the end of a savepoint in the same words; that is no commit, and may be undone with the rest.
    """
    waiting = [call]

    def committed(of: SyncSession) -> None:
        if waiting and not of.in_nested_transaction():
            waiting.pop()()

    event.listen(session.sync_session, "after_commit", committed)
