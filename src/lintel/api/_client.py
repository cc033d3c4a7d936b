"""From where a request came, as endpoints ask for it."""

from typing import Annotated

from fastapi import Depends, Request

from lintel.security import Client


async def get_client(request: Request) -> Client:
    """The sender of this request."""
    return Client.of_scope(request.scope)


ClientDep = Annotated[Client, Depends(get_client)]
"""From where the request came."""
