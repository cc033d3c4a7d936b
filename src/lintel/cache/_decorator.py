"""Caching said in one line above a function."""

import inspect
from collections.abc import Awaitable, Callable, Collection
from functools import wraps
from typing import Any, ParamSpec, TypeVar, get_type_hints

from pydantic import BaseModel

from lintel.cache._cache import Cache
from lintel.cache._key import CacheKey
from lintel.security import Principal

P = ParamSpec("P")
T = TypeVar("T")


def cache_result(
    cache: Cache,
    *,
    expire: float | None = None,
    depends_on: Collection[str] = (),
    public: bool = False,
    keep_none: bool = True,
) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
    """A decorator that keeps what a coroutine function returns, for each set of arguments.

    The key is made of the function's module and name and of all its arguments, defaults included. An argument that is
    a `Principal` makes the value theirs alone. Its return annotation says what is kept.

    Args:
        cache: Where.
        expire: Seconds; the cache's own (`CACHE_TTL_DEFAULT`, 3600) unless said.
        depends_on: See `Cache.get_or_load`.
        public: Whether the value is the same for everybody; must be said where no argument is a principal.
        keep_none: See `Cache.get_or_load`.

    Raises:
        TypeError: Nobody said for whom the value is; or, when called, an argument means nothing in other processes.
    """

    def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        signature, hints = inspect.signature(function), get_type_hints(function)
        principals = [name for name in signature.parameters if hints.get(name) is Principal]
        if len(principals) != (0 if public else 1):
            raise TypeError(f"{function.__qualname__} needs one argument annotated as a Principal, or public=True")
        whom = "" if public else principals[0]
        name = f"{function.__module__}.{function.__qualname__}"
        kind = hints.get("return", Any)

        @wraps(function)
        async def cached(*args: P.args, **kwargs: P.kwargs) -> T:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            parts = [_part(value) for argument, value in bound.arguments.items() if argument != whom]
            key = CacheKey.personal(name, bound.arguments[whom], *parts) if whom else CacheKey.public(name, *parts)
            return await cache.get_or_load(
                key,
                lambda: function(*args, **kwargs),
                ttl=expire,
                depends_on=depends_on,
                kind=kind,
                keep_none=keep_none,
            )

        return cached

    return decorate


def _part(value: Any) -> Any:
    """Models by what they hold; everything else as it is, for the key to judge."""
    return f"{type(value).__qualname__}{value.model_dump_json()}" if isinstance(value, BaseModel) else value
