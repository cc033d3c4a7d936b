"""What schemathesis must know of this service beyond its document."""

import re
from typing import Any
from uuid import uuid4

import schemathesis

from lintel.api._idempotency import _PATTERN as VALID

KEY = "Idempotency-Key"
KEPT = 200
"""Characters of a key, so that there is room for more."""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Never send one valid key twice: the answer to a repeat names a resource that was deleted meanwhile."""
    key = (case.headers or {}).get(KEY)
    if isinstance(key, str) and re.fullmatch(VALID, key):
        plain = key.strip('"')
        case.headers[KEY] = key.replace(plain, f"{plain[:KEPT]}-{uuid4()}")
