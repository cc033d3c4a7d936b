"""What will go, said ahead of time: in answers (RFC 9745, RFC 8594), in the OpenAPI document and on a page."""

from lintel.deprecation._deprecation import DEPRECATIONS_PATH, Deprecation, deprecated, deprecation_of
from lintel.deprecation._openapi import declare_deprecations
from lintel.deprecation._page import deprecations_page_route
from lintel.deprecation._routes import (
    DEPRECATION_HEADERS,
    DeprecatedRoute,
    SuccessorError,
    announce_deprecation,
    install_deprecations,
)

__all__ = [
    "DEPRECATIONS_PATH",
    "DEPRECATION_HEADERS",
    "DeprecatedRoute",
    "Deprecation",
    "SuccessorError",
    "announce_deprecation",
    "declare_deprecations",
    "deprecated",
    "deprecation_of",
    "deprecations_page_route",
    "install_deprecations",
]
