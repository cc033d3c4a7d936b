"""People with WebSockets on a running server."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.process.conftest import ServerProcess

PASSWORD = "Lovelace1815"
ADMIN = {"FIRST_ADMIN_EMAIL": "root@example.com", "FIRST_ADMIN_PASSWORD": PASSWORD}
SECONDS = 20


@dataclass(frozen=True)
class Visitor:
    """Somebody signed in at one server."""

    server: ServerProcess
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def address(self) -> str:
        return f"{self.server.url.replace('http', 'ws')}/api/v1/ws"

    def at(self, server: ServerProcess) -> "Visitor":
        """The same with the same token at another server."""
        return Visitor(server, self.token)

    def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        with self.server.client() as client:
            return client.request(method, f"/api/v1{path}", headers=self.headers, **options)

    def ticket(self) -> str:
        return str(self.request("POST", "/ws/tickets").json()["ticket"])

    @asynccontextmanager
    async def connected(self, path: str = "", **options: Any) -> AsyncIterator["Socket"]:
        """A WebSocket that was welcomed."""
        async with connect(f"{self.address}{path}", additional_headers=self.headers, **options) as connection:
            socket = Socket(connection)
            assert (await socket.frame())["type"] == "welcome"
            yield socket


class Socket:
    """The client's end."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def frame(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await self.connection.recv())
        return frame

    async def say(self, **command: Any) -> dict[str, Any]:
        await self.connection.send(json.dumps(command))
        return await self.frame()

    async def code(self) -> int:
        """The code it is closed with."""
        return await code_of(self.connection)


async def code_of(connection: ClientConnection) -> int:
    """The code that a connection is closed with, whatever else it is sent before."""
    with suppress(ConnectionClosed):
        while True:
            await connection.recv()
    assert connection.close_code is not None
    return connection.close_code


def sign_in(server: ServerProcess, email: str = "root@example.com") -> Visitor:
    with server.client() as client:
        form = {"username": email, "password": PASSWORD}
        return Visitor(server, client.post("/api/v1/auth/login", data=form).json()["access_token"])


def register(server: ServerProcess, email: str = "ada@example.com") -> Visitor:
    with server.client() as client:
        client.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD}).raise_for_status()
    return sign_in(server, email)
