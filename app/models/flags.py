from app.models.base import Base
from lintel.flags import FlagMixin


class FeatureFlag(FlagMixin, Base):
    """For whom a flag is on, where somebody has said so."""

    __tablename__ = "feature_flags"
