"""What a streamed answer is made by is closed with its request.

Frameworks leave a generator to the garbage collector when the client goes away between two of its items, and with it
whatever it holds: measured, one connection to the database in sixty such departures, for as long as the collector
likes.
"""

import inspect
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from functools import wraps
from typing import Any

from anyio import BrokenResourceError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

_end_of_request: ContextVar[AsyncExitStack] = ContextVar("end_of_request")


def is_stream(endpoint: Callable[..., Any]) -> bool:
    """Whether an endpoint answers by yielding."""
    return inspect.isasyncgenfunction(inspect.unwrap(endpoint))


def closing(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """An endpoint that yields, made so that it is closed with the request it answers.

    It is not the body of the answer: FastAPI puts generators of its own around it.
    """
    if not inspect.isasyncgenfunction(endpoint):
        return endpoint

    @wraps(endpoint)
    def made(*args: Any, **values: Any) -> AsyncGenerator[Any, Any]:
        generator: AsyncGenerator[Any, Any] = endpoint(*args, **values)
        _end_of_request.get().push_async_callback(generator.aclose)
        return generator

    return made


def enter(request: Request) -> None:
    """Tell the generators that are made from here on which request they belong to."""
    stack = _end_of(request)
    stack.push_async_exit(_is_departure)
    _end_of_request.set(stack)


def close_with(request: Request, response: Response) -> None:
    """Close the body of a streamed answer with its request."""
    if isinstance(response, StreamingResponse) and isinstance(response.body_iterator, AsyncGenerator):
        _end_of(request).push_async_callback(response.body_iterator.aclose)


async def _is_departure(_: Any, error: BaseException | None, __: Any) -> bool:
    """Whether an error only says that nobody reads a stream of events any more.

    FastAPI closes its reading end before it stops who writes to it.
    """
    return isinstance(error, BaseExceptionGroup) and error.split(BrokenResourceError)[1] is None


def _end_of(request: Request) -> AsyncExitStack:
    """What FastAPI unwinds when the answer to a request was sent or its client has left."""
    stack: AsyncExitStack = request.scope["fastapi_inner_astack"]
    return stack
