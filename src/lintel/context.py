"""What log records and error answers of one request or job have in common: its id.

The principal is not here on purpose: who asks is an argument, never a global.
"""

import re
from contextvars import ContextVar, Token

from uuid_utils import uuid7

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
_ACCEPTABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{7,127}", re.ASCII)


def new_request_id() -> str:
    """A fresh, time-ordered id (UUIDv7)."""
    return str(uuid7())


def accept_request_id(candidate: str | None) -> str:
    """The sender's id if it is 8 to 128 harmless characters, else a fresh one.

    Anything else could forge log lines or blow them up.
    """
    if candidate is not None and _ACCEPTABLE.fullmatch(candidate):
        return candidate
    return new_request_id()


def current_request_id() -> str | None:
    """The id of the request or job being worked on, if there is one."""
    return _request_id.get()


def bind_request_id(request_id: str) -> Token[str | None]:
    """Make an id the current one; the token undoes it."""
    return _request_id.set(request_id)


def unbind_request_id(token: Token[str | None]) -> None:
    """Restore what was current before `bind_request_id`."""
    _request_id.reset(token)
