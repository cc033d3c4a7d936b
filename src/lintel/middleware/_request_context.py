"""The outermost layer: gives every request its id and its clock."""

import time
from collections.abc import Awaitable
from functools import partial

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lintel.context import accept_request_id, bind_request_id, bind_sender, unbind_request_id, unbind_sender
from lintel.middleware._headers import request_headers
from lintel.sender import Client

REQUEST_ID_HEADER = b"x-request-id"
PROCESS_TIME_HEADER = b"x-process-time"
ANSWERS = frozenset({"http.response.start", "websocket.http.response.start"})
OURS = frozenset({REQUEST_ID_HEADER, PROCESS_TIME_HEADER})


class RequestContextMiddleware:
    """Accepts or makes the request id, binds it for log records, and echoes it. Binds also from where the request came.

    The answer also says how long its making took until the first byte (`X-Process-Time`, seconds).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        sent_id = request_headers(scope).get(REQUEST_ID_HEADER)
        request_id = accept_request_id(None if sent_id is None else sent_id.decode("latin-1"))

        def send_with_id(message: Message) -> Awaitable[None]:
            if message["type"] in ANSWERS:
                elapsed = b"%.6f" % (time.perf_counter() - started)
                headers = [item for item in message.get("headers", ()) if item[0] not in OURS]
                headers += ((REQUEST_ID_HEADER, request_id.encode()), (PROCESS_TIME_HEADER, elapsed))
                message["headers"] = headers
            return send(message)

        token, sender = bind_request_id(request_id), bind_sender(partial(Client.of_scope, scope))
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            unbind_sender(sender)
            unbind_request_id(token)
