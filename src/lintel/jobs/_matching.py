"""Conditions in the form that costs the database, and SQLAlchemy, least."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CTE, ColumnElement, any_, func, or_, select


def one_of(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether a column has one of a few values: `IN` would be written anew with every execution."""
    return or_(*(column == value for value in values))


def among(column: ColumnElement[Any], found: CTE, *, arrays: bool) -> ColumnElement[bool]:
    """Whether a column is one of those found.

    As an array on PostgreSQL: that makes it look each of them up, where for `IN` it may read the whole table.
    """
    ids = select(found.c.id)
    return column == any_(func.array(ids.scalar_subquery())) if arrays else column.in_(ids)
