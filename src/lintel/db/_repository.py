"""The base of all repositories: the few things that every table needs."""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase

ModelT = TypeVar("ModelT", bound=DeclarativeBase)


class Repository(Generic[ModelT]):
    """Writes rows of one table within a unit of work; flushes, never commits."""

    model: ClassVar[type[Any]]

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, row_id: int, *, for_update: bool = False) -> ModelT | None:
        """A row by its id, locked against other writers if asked."""
        row: ModelT | None = await self.session.get(self.model, row_id, with_for_update=for_update or None)
        return row

    async def add(self, row: ModelT) -> ModelT:
        """Insert a row; afterwards it has its id."""
        self.session.add(row)
        await self.session.flush()
        return row

    async def update(self, row: ModelT, changes: Mapping[str, Any]) -> ModelT:
        """Change the named columns.

        Raises:
            AttributeError: A name that is no column: a schema's field was never mapped.
        """
        for name, value in changes.items():
            if name not in self.model.__mapper__.columns:
                raise AttributeError(name)
            setattr(row, name, value)
        await self.session.flush()
        return row

    async def remove(self, row: ModelT) -> None:
        """Delete a row."""
        await self.session.delete(row)
        await self.session.flush()
