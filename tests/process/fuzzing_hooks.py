"""What schemathesis must know of this service beyond its document."""

import re
from typing import Any
from uuid import uuid4

import schemathesis
from schemathesis.core.parameters import ParameterLocation

from lintel.api._idempotency import _PATTERN as VALID

KEY = "Idempotency-Key"
MULTI_STATUS = 207
KEPT = 200
"""Characters of a key, so that there is room for more."""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Never send one valid key twice: the answer to a repeat names a resource that was deleted meanwhile."""
    key = (case.headers or {}).get(KEY)
    if isinstance(key, str) and re.fullmatch(VALID, key):
        plain = key.strip('"')
        case.headers[KEY] = key.replace(plain, f"{plain[:KEPT]}-{uuid4()}")


@schemathesis.check
def refused_items_are_told(context: Any, response: Any, case: Any) -> None:
    """A body that the document forbids and that is taken item by item has an item that is refused."""
    body = case.meta and case.meta.components.get(ParameterLocation.BODY)
    if response.status_code == MULTI_STATUS and body is not None and body.mode.is_negative:
        assert response.json()["failed"] > 0, "something that the document forbids was done"
