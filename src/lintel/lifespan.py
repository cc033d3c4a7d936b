"""What a running service holds: opened in order before the first request, closed in reverse after the last."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI

Resource = Callable[[], AbstractAsyncContextManager[Any]]
"""Opens something that the service needs while it runs."""


def lifespan_of(resources: Sequence[Resource]) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """A FastAPI lifespan that opens the resources one after the other.

    If one cannot be opened, those before it are closed again and the service does not start.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for resource in resources:
                await stack.enter_async_context(resource())
            yield

    return lifespan
