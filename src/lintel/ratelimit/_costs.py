"""What requests to a route cost."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, compile_path
from starlette.types import Scope

GENERAL = "general"
"""The policy that every request counts under, whatever that is for its caller."""
_MARK = "lintel_costs"

Costs = dict[str, int]


def costs(amount: int = 1, *, of: str = GENERAL) -> Callable[[Any], Any]:
    """Declare what a request to an endpoint costs; stands below the decorator that makes a route of it.

    Args:
        amount: How many requests one counts for.
        of: A policy that it counts under beside the general one, by its name in `RateLimit.policies`; without it, what
            the request counts for under the general one.

    Raises:
        ValueError: The amount is below 1.
    """
    if amount < 1:
        raise ValueError("a request costs 1 or more")

    def declare(endpoint: Any) -> Any:
        setattr(endpoint, _MARK, {**getattr(endpoint, _MARK, {}), of: amount})
        return endpoint

    return declare


class UnknownPolicyError(Exception):
    """A route counts under a policy that there is not."""


@dataclass(slots=True)
class _Costly:
    """Routes of one method that cost something: those with one path, and those with many."""

    plain: dict[str, Costs] = field(default_factory=dict)
    patterns: list[tuple[re.Pattern[str], Costs]] = field(default_factory=list)

    def add(self, path: str, costs: Costs) -> None:
        if "{" in path:
            self.patterns.append((compile_path(path)[0], costs))
        else:
            self.plain[path] = costs

    def of(self, path: str) -> Costs | None:
        return self.plain.get(path) or next((costs for pattern, costs in self.patterns if pattern.match(path)), None)


class CostTable:
    """What requests cost, by method and path, before any route is chosen; nothing is done for methods without a cost.

    Args:
        routes: All routes of an application.
        known: Names of policies.

    Raises:
        UnknownPolicyError: A route names another.
    """

    def __init__(self, routes: Sequence[BaseRoute], known: Collection[str]) -> None:
        self._by_method: dict[str, _Costly] = {}
        for context in iter_route_contexts(routes):
            declared: Costs = getattr(context.endpoint, _MARK, {})
            if declared:
                _check(declared, {GENERAL, *known}, context.path)
                for method in context.methods or ():
                    self._by_method.setdefault(method, _Costly()).add(context.path or "", declared)

    def of(self, scope: Scope) -> Costs | None:
        """What a request costs; None where that is one of the general policy."""
        costly = self._by_method.get(scope.get("method", ""))
        if costly is None:
            return None
        path: str = scope["path"]
        # `/users/` is answered as `/users`.
        return costly.of(path.removeprefix(scope.get("root_path", "")).removesuffix("/"))


def _check(declared: Costs, known: Collection[str], path: str | None) -> None:
    unknown = sorted(declared.keys() - known)
    if unknown:
        raise UnknownPolicyError(f"{path} counts under a policy that there is not: {', '.join(unknown)}")
