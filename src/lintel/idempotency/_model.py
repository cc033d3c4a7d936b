"""The table of keys."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, LargeBinary, SmallInteger, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lintel.db import UtcDateTime, utc_now

OPERATION_LENGTH = 100
HASH_LENGTH = 64


class IdempotencyKeyMixin:
    """A key that came, and what was answered to its request; for the service's own declarative base.

    A row is committed together with what the request did, never before and never without its answer: there is no state
    "in flight" to be left behind by a crash.

    Attributes:
        principal_id: Whose key it is; the same key of somebody else is another one.
        key_hash: SHA-256 of the key, hexadecimal. Whoever reads the table cannot send it.
        operation: What was asked for, for people who look at the table.
        fingerprint: Keyed hash of operation, parameters and body; nobody can try passwords against it.
        status: The answer's status.
        headers: The answer's headers.
        body: The answer's body, compressed.
        expires_at: From then on the key may be used anew.
    """

    principal_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), primary_key=True)
    operation: Mapped[str] = mapped_column(String(OPERATION_LENGTH))
    fingerprint: Mapped[str] = mapped_column(String(HASH_LENGTH))
    status: Mapped[int | None] = mapped_column(SmallInteger, default=None)
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSON().with_variant(JSONB, "postgresql"), default=None)
    body: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
