"""Routes found by the segments of the path instead of one after the other.

FastAPI keeps included routers as a tree and asks every route in turn: the last of 60 costs four times the first. The
index only narrows down who is asked. Whether a route matches is still said by FastAPI, and in FastAPI's order;
whatever is no plain hit (404, 405, mounts, WebSockets, redirects) goes FastAPI's own way. That takes names which
FastAPI keeps to itself: if one of them is gone there is no index, and everything works as before, only slower.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.convertors import FloatConvertor, IntegerConvertor, StringConvertor, UUIDConvertor
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from lintel.routing._convertors import NumberConvertor

try:
    from fastapi.routing import (
        _apply_router_form_limits,
        _EffectiveRouteContext,
        _get_fastapi_scope,
        _IncludedRouter,
        _update_scope,
    )
    from fastapi.telemetry._api import _route_selected
    from starlette._utils import get_route_path
except ImportError:  # pragma: no cover - a FastAPI newer than this file
    HAS_NEEDED_NAMES = False
else:
    HAS_NEEDED_NAMES = all(
        hasattr(owner, name)
        for owner, name in (
            (_IncludedRouter, "effective_candidates"),
            (_EffectiveRouteContext, "matches"),
            (APIRouter(), "_routes_version"),
            (APIRouter(), "form_limits"),
            (APIRouter(), "middleware_stack"),
        )
    )

ANY = "{}"
"""The key of a segment with a parameter."""
WITHIN_A_SEGMENT = frozenset({StringConvertor, IntegerConvertor, FloatConvertor, UUIDConvertor, NumberConvertor})
"""Parameters of any other kind may take slashes."""


def install_route_index(router: APIRouter) -> None:
    """Let an application's router find its routes by an index, if this FastAPI can be indexed."""
    if HAS_NEEDED_NAMES and type(router).app is APIRouter.app:
        router.middleware_stack = RouteIndex(router, router.middleware_stack)


class RouteIndex:
    """Runs the route that FastAPI would choose where that is a plain one, and hands everything else to FastAPI.

    Args:
        router: The application's router. Routes may be added to it, and to those included in it, at any time.
        otherwise: FastAPI's own way.
    """

    def __init__(self, router: APIRouter, otherwise: ASGIApp) -> None:
        self._router = router
        self._otherwise = otherwise
        self._build()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hit = self._find(scope) if scope["type"] == "http" else None
        if hit is None:
            await self._otherwise(scope, receive, send)
            return
        leaf, child_scope = hit
        leaf.enter(self._router, scope, child_scope)
        await leaf.route.handle(scope, receive, send)

    def _find(self, scope: Scope) -> "tuple[_Leaf, Scope] | None":
        for router, version, count in self._built_from:
            if router._routes_version != version or len(router.routes) != count:  # noqa: SLF001
                self._build()
                break
        path = get_route_path(scope)
        if path.endswith("\n"):  # `$` in a pattern also matches before it
            return None
        for leaf in self._root.candidates(path.split("/")):
            if not leaf.is_plain:
                return None
            match, child_scope = leaf.matches(scope)
            if match is Match.FULL:
                return leaf, child_scope
        return None

    def _build(self) -> None:
        self._root = _Node()
        for order, leaf in enumerate(_leaves(self._router.routes, ())):
            leaf.order = order
            self._root.add(leaf)
        routers = {id(router): router for router in _routers(self._router)}.values()
        # Mounts and whatever else is appended to the list itself leave FastAPI's own version as it was.
        self._built_from = [(router, router._routes_version, len(router.routes)) for router in routers]  # noqa: SLF001


@dataclass(slots=True)
class _Leaf:
    """A route of the flattened tree, with the routers on the way to it and its place in FastAPI's order."""

    route: Any
    context: Any
    branches: "Sequence[_IncludedRouter]"
    order: int = 0
    is_plain: bool = field(init=False)

    def __post_init__(self) -> None:
        kinds: list[tuple[Any, Any]] = [(type(self.route), APIRoute)]
        kinds += [(type(branch.original_router), APIRouter) for branch in self.branches]
        self.is_plain = all(
            issubclass(kind, base) and kind.matches is base.matches and kind.handle is base.handle
            for kind, base in kinds
        )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child_scope = (self.context or self.route).matches(scope)
        return match, child_scope

    def segments(self) -> Iterator[str | None]:
        """The path by segments: `ANY` where there is a parameter, None where the rest may have any length."""
        if isinstance(self.route, APIRoute) and not self.is_plain:
            yield None  # its own path lacks the prefixes on the way to it, and it may match any path it likes
            return
        source = self.context if self.is_plain and self.context else self.route
        path_format, convertors = getattr(source, "path_format", None), getattr(source, "param_convertors", {})
        if path_format is None:
            yield None
            return
        for segment in path_format.split("/"):
            kinds = {type(kind) for name, kind in convertors.items() if f"{{{name}}}" in segment}
            if not kinds <= WITHIN_A_SEGMENT:
                yield None
                return
            yield ANY if kinds else segment

    def enter(self, router: APIRouter, scope: Scope, child_scope: Scope) -> None:
        """Leave in the scope what FastAPI's own way to this route would have left there."""
        scope.setdefault("router", router)
        _apply_router_form_limits(scope, router.form_limits)
        _update_scope(scope, child_scope)
        scope["route"] = self.route
        if self.context is not None:
            for branch in self.branches:
                _apply_router_form_limits(scope, branch.include_context.form_limits)
            _get_fastapi_scope(scope).update(included_router=self.branches[-1], effective_route_context=self.context)
        _route_selected(scope=scope, path=(self.context or self.route).path_format)


@dataclass(slots=True)
class _Node:
    """A place in a path: the leaves that end here, those whose rest is open, and the next segments."""

    ending: list[_Leaf] = field(default_factory=list)
    open: list[_Leaf] = field(default_factory=list)
    children: "dict[str, _Node]" = field(default_factory=dict)

    def add(self, leaf: _Leaf) -> None:
        node = self
        for segment in leaf.segments():
            if segment is None:
                node.open.append(leaf)
                return
            node = node.children.setdefault(segment, _Node())
        node.ending.append(leaf)

    def candidates(self, segments: Iterable[str]) -> list[_Leaf]:
        """Every leaf that could match, in FastAPI's order."""
        nodes, found = [self], list(self.open)
        for segment in segments:
            following = []
            for node in nodes:
                for key in (segment, ANY) if segment != ANY else (ANY,):
                    if key in node.children:
                        child = node.children[key]
                        following.append(child)
                        found += child.open
            nodes = following
        for node in nodes:
            found += node.ending
        if len(found) > 1:
            found.sort(key=lambda leaf: leaf.order)
        return found


def _leaves(candidates: Iterable[Any], branches: "tuple[_IncludedRouter, ...]") -> Iterator[_Leaf]:
    for candidate in candidates:
        if isinstance(candidate, _IncludedRouter):
            yield from _leaves(candidate.effective_candidates(), (*branches, candidate))
        elif isinstance(candidate, _EffectiveRouteContext):
            yield _Leaf(candidate.starlette_route or candidate.original_route, candidate, branches)
        else:
            yield _Leaf(candidate, None, branches)


def _routers(router: APIRouter) -> Iterator[APIRouter]:
    yield router
    for route in router.routes:
        if isinstance(route, _IncludedRouter):
            yield from _routers(route.original_router)
