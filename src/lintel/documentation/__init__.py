"""Interactive API documentation from this package alone: no other host, no inline script."""

from lintel.documentation._pages import documentation_routes

__all__ = ["documentation_routes"]
