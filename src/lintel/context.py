"""What log records and error answers of one request or job have in common: its id, and what was learnt about it.

And from where a request came, for what is noted about it. The principal is not here on purpose: who asks is an
argument, never a global.
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from types import MappingProxyType
from typing import Any

from uuid_utils import uuid7

from lintel.sender import NOBODY, Client

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_context: ContextVar[Mapping[str, Any]] = ContextVar("lintel_context", default=_NOTHING)
_sender: ContextVar[Callable[[], Client] | None] = ContextVar("lintel_sender", default=None)
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
    return _context.get().get("request_id")


def current_context() -> Mapping[str, Any]:
    """Everything that records of the request or job being worked on have in common."""
    return _context.get()


def bind_request_id(request_id: str) -> Token[Mapping[str, Any]]:
    """Begin the work on a request or job; the token ends it."""
    return _context.set({"request_id": request_id})


def unbind_request_id(token: Token[Mapping[str, Any]]) -> None:
    """Restore what was current before `bind_request_id`."""
    _context.reset(token)


def current_client() -> Client:
    """The sender of the request being worked on; in jobs, and elsewhere, a client of whom nothing is known."""
    sender = _sender.get()
    return NOBODY if sender is None else sender()


def bind_sender(sender: Callable[[], Client]) -> Token[Callable[[], Client] | None]:
    """Say how to learn from where a request came; the token ends it. Not learnt before somebody asks."""
    return _sender.set(sender)


def unbind_sender(token: Token[Callable[[], Client] | None]) -> None:
    """Restore what was current before `bind_sender`."""
    _sender.reset(token)


def add_to_log(**values: Any) -> None:
    """Put values into every further record of this request or job, in whichever of its tasks they are learnt.

    Outside of any there is nothing to add to, and nothing happens.
    """
    context = _context.get()
    if isinstance(context, dict):
        context.update(values)
