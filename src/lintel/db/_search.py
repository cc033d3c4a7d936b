"""Searching for text as it is."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Dialect, String, bindparam, func, or_
from sqlalchemy.types import TypeDecorator

ESCAPE = "/"


class _Containing(TypeDecorator[str]):
    """A text becomes the LIKE pattern for any text with this one in it; its own signs mean only themselves."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy calls it
        if value is None:
            return None
        for sign in (ESCAPE, "%", "_"):
            value = value.replace(sign, f"{ESCAPE}{sign}")
        return f"%{value.lower()}%"


def contains(name: str, columns: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    """The condition that one of the columns holds the text given as parameter `name`, in any case.

    Beyond ASCII, case is ignored as the database does it: PostgreSQL by its locale, SQLite not at all.
    """
    pattern = bindparam(name, type_=_Containing())
    return or_(*(func.lower(column).like(pattern, escape=ESCAPE) for column in columns))
