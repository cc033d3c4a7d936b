"""Whose clock decides what is due and how long a lease lasts."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Interval, bindparam, func

from lintel.db import UtcDateTime, utc_now

NOW = "now_"


class Clock(Protocol):
    """Moments for statements that are built once."""

    @property
    def now(self) -> ColumnElement[Any]:
        """This moment."""
        ...

    def after(self, name: str) -> ColumnElement[Any]:
        """The moment that is a parameter's length of time away."""
        ...

    def parameters(self, **lengths: timedelta) -> Mapping[str, Any]:
        """What the two need, to be given with every execution."""
        ...


class ServerClock:
    """PostgreSQL's own: workers on several machines agree on it, whatever their clocks say.

    The moment at which a statement began, not the transaction, which may have waited for a lock.
    """

    now: ColumnElement[Any] = func.statement_timestamp(type_=UtcDateTime())

    def after(self, name: str) -> ColumnElement[Any]:
        """See `Clock.after`."""
        return self.now + bindparam(name, type_=Interval())

    def parameters(self, **lengths: timedelta) -> Mapping[str, Any]:
        """See `Clock.parameters`."""
        return lengths


class MachineClock:
    """This machine's, which everybody who can open an SQLite file shares."""

    now: ColumnElement[Any] = bindparam(NOW, type_=UtcDateTime())

    def after(self, name: str) -> ColumnElement[Any]:
        """See `Clock.after`."""
        return bindparam(name, type_=UtcDateTime())

    def parameters(self, **lengths: timedelta) -> Mapping[str, Any]:
        """See `Clock.parameters`."""
        now = utc_now()
        return {NOW: now, **{name: now + length for name, length in lengths.items()}}
