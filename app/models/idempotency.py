from app.models.base import Base
from lintel.idempotency import IdempotencyKeyMixin


class IdempotencyKey(IdempotencyKeyMixin, Base):
    """A key that came with a request, and what was answered."""

    __tablename__ = "idempotency_keys"
