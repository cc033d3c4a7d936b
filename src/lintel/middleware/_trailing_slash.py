"""`/users/` answers as `/users` does."""

from starlette.types import ASGIApp, Receive, Scope, Send


class TrailingSlashMiddleware:
    """Drops one slash at the end of the path, without a redirect.

    A redirect loses the body in careless clients, and behind a proxy it can lead from https to http or, with a
    forged Host, elsewhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            path = scope["path"]
            if len(path) > 1 and path.endswith("/") and not path.endswith("//"):
                scope["path"] = path[:-1]
        await self.app(scope, receive, send)
