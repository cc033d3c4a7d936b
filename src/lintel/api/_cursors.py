"""Cursors: where in a list to go on, as text that only we can make."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from lintel.db import Key

PURPOSE: Final = b"lintel.cursor"
"""Other things are sealed with the same secret keys."""
SEAL_BYTES: Final = 16


class InvalidCursor(ValueError):
    """Not one of ours, or of another list, order or filter."""


class Position(NamedTuple):
    """What a cursor says.

    Attributes:
        key: Of the row at which to go on.
        backwards: Whether towards the beginning.
    """

    key: Key
    backwards: bool


class Cursors:
    """Makes and reads cursors.

    What a cursor says can be read by whoever has it: it is the key of a row that they were shown. It cannot be
    changed, and is good only for the list that it was made for.

    Args:
        keys: Secrets; the first one seals, all of them are accepted.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def make(self, position: Position, *, context: str) -> str:
        """The cursor of a position.

        Args:
            position: Where.
            context: What the cursor is good for: the list, its order and its filters.
        """
        stated = json.dumps([*position.key, int(position.backwards)], ensure_ascii=False, separators=(",", ":"))
        data = stated.encode()
        return base64.urlsafe_b64encode(_seal(self._keys[0], context, data) + data).rstrip(b"=").decode()

    def read(self, text: str, *, context: str) -> Position:
        """What a cursor says.

        Raises:
            InvalidCursor: We did not make it, or not for this.
        """
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise InvalidCursor from None
        seal, stated = data[:SEAL_BYTES], data[SEAL_BYTES:]
        if not any(hmac.compare_digest(_seal(key, context, stated), seal) for key in self._keys):
            raise InvalidCursor
        value, row_id, backwards = json.loads(stated)
        return Position(Key(value, row_id), bool(backwards))


def _seal(key: bytes, context: str, stated: bytes) -> bytes:
    text = b"\x00".join([PURPOSE, context.encode(), stated])
    return hmac.digest(key, text, hashlib.sha256)[:SEAL_BYTES]
