"""Bodies, lists and locations as every resource has them."""

from lintel.api._email import EmailAddress, normalized_email
from lintel.api._lists import Links, Page, PageQuery, Pager, PagerDep, SortOrder
from lintel.api._locations import Locator, LocatorDep
from lintel.api._models import (
    MAX_ID,
    FormModel,
    PatchModel,
    PathId,
    RequestModel,
    ResponseModel,
    RowId,
    left_out,
)
from lintel.api._text import NoNul, Text
from lintel.api._values import Exact, Instant

__all__ = [
    "MAX_ID",
    "EmailAddress",
    "Exact",
    "FormModel",
    "Instant",
    "Links",
    "Locator",
    "LocatorDep",
    "NoNul",
    "Page",
    "PageQuery",
    "Pager",
    "PagerDep",
    "PatchModel",
    "PathId",
    "RequestModel",
    "ResponseModel",
    "RowId",
    "SortOrder",
    "Text",
    "left_out",
    "normalized_email",
]
