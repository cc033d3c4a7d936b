"""Requests that may be sent again: one effect, and the same answer each time (Idempotency-Key). Knows no HTTP."""

from lintel.idempotency._answer import MAX_BODY_BYTES, Answer, AnsweredBefore
from lintel.idempotency._errors import KeyInUse, KeyMissing, KeyReused
from lintel.idempotency._keys import IdempotencyKeys, KeyedRequest
from lintel.idempotency._model import IdempotencyKeyMixin
from lintel.idempotency._once import EVERY_TIME, Once

__all__ = [
    "EVERY_TIME",
    "MAX_BODY_BYTES",
    "Answer",
    "AnsweredBefore",
    "IdempotencyKeyMixin",
    "IdempotencyKeys",
    "KeyInUse",
    "KeyMissing",
    "KeyReused",
    "KeyedRequest",
    "Once",
]
