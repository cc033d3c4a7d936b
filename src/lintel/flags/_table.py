"""The columns of a table of rules."""

from sqlalchemy import JSON, Boolean, Float, String
from sqlalchemy.orm import Mapped, mapped_column

from lintel.db import TimestampMixin


class FlagMixin(TimestampMixin):
    """One rule for one flag; a flag without one is at its default. A service binds it to its own base."""

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    enabled: Mapped[bool] = mapped_column(Boolean)
    percentage: Mapped[float] = mapped_column(Float, default=100.0)
    user_ids: Mapped[list[int]] = mapped_column(JSON, default=list)
    roles: Mapped[list[str]] = mapped_column(JSON, default=list)
