"""The declarative base of this service's tables."""

from enum import StrEnum
from typing import TypeVar

from sqlalchemy import Enum
from sqlalchemy.orm import DeclarativeBase

from lintel.db import new_metadata

StrEnumT = TypeVar("StrEnumT", bound=StrEnum)


class Base(DeclarativeBase):
    """Binds every table to one metadata with named constraints."""

    metadata = new_metadata()


def enum_column(kind: type[StrEnumT]) -> Enum:
    """A column of a closed set, kept as its text, so that a new value needs no migration of the type."""
    return Enum(
        kind, native_enum=False, create_constraint=False, length=32, values_callable=lambda e: [m.value for m in e]
    )
