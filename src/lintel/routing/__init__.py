"""Strict routes, the guard against open ones, the index of routes, and the name of the route that answered."""

from lintel.routing._convertors import NUMBER, NumberConvertor
from lintel.routing._effective import ROUTE_LISTENER, effective_path
from lintel.routing._guard import UnguardedRouteError, check_routes_guarded, route_names
from lintel.routing._index import install_route_index
from lintel.routing._strict import Router, StrictRoute

__all__ = [
    "NUMBER",
    "ROUTE_LISTENER",
    "NumberConvertor",
    "Router",
    "StrictRoute",
    "UnguardedRouteError",
    "check_routes_guarded",
    "effective_path",
    "install_route_index",
    "route_names",
]
