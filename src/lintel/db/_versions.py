"""Versions of rows: nobody overwrites what they have not seen."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from lintel.errors import PreconditionFailed


class VersionMixin:
    """A row that counts its changes, from 1. Two units that change the same version cannot both commit."""

    version: Mapped[int] = mapped_column(Integer, default=1, server_default="1", sort_order=1)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


@dataclass(frozen=True, slots=True)
class ExpectedVersion:
    """Which version of a resource somebody means to change.

    A service takes one as an argument (`expected: ExpectedVersion = ANY_VERSION`) and checks it against the row that it
    has locked.

    Attributes:
        versions: Any of these; None for whatever there is.
    """

    versions: frozenset[int] | None = None

    def check(self, version: int) -> None:
        """Refuse to change another version.

        Raises:
            PreconditionFailed: It is not one of those expected.
        """
        if self.versions is not None and version not in self.versions:
            raise PreconditionFailed


ANY_VERSION = ExpectedVersion()
"""For callers who do not mind what they overwrite."""
