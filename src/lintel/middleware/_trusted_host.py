"""Refuses requests that were meant for somebody else."""

from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from lintel.errors import BadRequest, problem_of


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or self._is_ours(scope):
            await self.app(scope, receive, send)
            return
        error = BadRequest("The Host header names no host of this service (setting ALLOWED_HOSTS).")
        await problem_of(error, scope["path"])(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            return False
        name = _without_port(hosts[0].decode("latin-1").lower())
        return bool(name) and (self.any or name in self.names or name.endswith(self.suffixes))


def _without_port(host: str) -> str:
    name, separator, port = host.rpartition(":")
    return name if separator and port.isdigit() else host
