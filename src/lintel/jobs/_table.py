"""The table of jobs, and what kind of database it is in."""

from sqlalchemy import Table
from sqlalchemy.orm import DeclarativeBase

from lintel.db import Database
from lintel.jobs._clock import Clock, MachineClock, ServerClock


class JobTable:
    """Where jobs are.

    Args:
        database: Holds the table.
        model: Has `JobMixin`.

    Raises:
        TypeError: The model has no table of its own.
    """

    def __init__(self, database: Database, model: type[DeclarativeBase]) -> None:
        if not isinstance(model.__table__, Table):
            raise TypeError(f"{model.__name__} has no table of its own")
        self.database = database
        self.rows = model.__table__
        self.is_postgres = database.writer.dialect.name == "postgresql"
        self.clock: Clock = ServerClock() if self.is_postgres else MachineClock()
