"""Who sees which rows: the one place for ownership and soft deletion."""

from typing import Any

from sqlalchemy import ColumnElement, bindparam

from app.models import Base
from lintel.security import Principal

PRINCIPAL_ID = "principal_id"


def visible(model: type[Base]) -> list[ColumnElement[bool]]:
    """The conditions that every statement for a principal carries, to be run with `seen_by(principal)`."""
    conditions: list[ColumnElement[bool]] = []
    columns: Any = model.__table__.c
    if "deleted_at" in columns:
        conditions.append(columns.deleted_at.is_(None))
    if "owner_id" in columns:
        conditions.append(columns.owner_id == bindparam(PRINCIPAL_ID))
    return conditions


def seen_by(principal: Principal) -> dict[str, int]:
    """The parameters for statements built with `visible`."""
    return {PRINCIPAL_ID: principal.id}
