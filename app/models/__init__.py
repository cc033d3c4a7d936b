"""The tables. Importing this package makes every one of them known to the metadata."""

from app.models.analyses import Analysis
from app.models.base import Base
from app.models.users import User

__all__ = ["Analysis", "Base", "User"]
