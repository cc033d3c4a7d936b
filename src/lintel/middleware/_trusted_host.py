"""Refuses requests that were meant for somebody else."""

from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter

from starlette.types import ASGIApp, Receive, Scope, Send

from lintel.errors import BadRequest, problem_of
from lintel.middleware._headers import request_headers

HOST = b"host"
MAX_HOST = 260
"""A name of 253 bytes and a port."""
MAX_KEPT = 256
"""Hosts whose verdict is remembered; clients may send any number of others."""
_name = itemgetter(0)


class TrustedHostMiddleware:
    """Answers 400 unless `Host` is given once and is one of ours.

    Starlette's own middleware answers in plain text, and takes the first of two Host headers.

    Args:
        app: The application within.
        allowed_hosts: Exact names, `*.example.com` for every name below, or `*` for any.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Sequence[str]) -> None:
        self.app = app
        self.any = "*" in allowed_hosts
        self.names = frozenset(host.lower() for host in allowed_hosts if not host.startswith("*"))
        self.suffixes = tuple(host[1:].lower() for host in allowed_hosts if host.startswith("*."))
        self._is_one_of_ours = lru_cache(MAX_KEPT)(self._is_allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or self._is_ours(scope):
            await self.app(scope, receive, send)
            return
        error = BadRequest("The Host header names no host of this service (setting ALLOWED_HOSTS).")
        await problem_of(error, scope["path"])(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        if [*map(_name, scope["headers"])].count(HOST) != 1:
            return False
        host = request_headers(scope)[HOST]
        return len(host) <= MAX_HOST and self._is_one_of_ours(host)

    def _is_allowed(self, host: bytes) -> bool:
        name = _without_port(host.decode("latin-1").lower())
        return bool(name) and (self.any or name in self.names or name.endswith(self.suffixes))


def _without_port(host: str) -> str:
    name, separator, port = host.rpartition(":")
    return name if separator and port.isdigit() else host
