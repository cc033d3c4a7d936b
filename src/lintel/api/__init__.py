"""Bodies, lists and locations as every resource has them."""

from lintel.api._lists import Links, Page, PageQuery, Pager, PagerDep, SortOrder
from lintel.api._locations import Locator, LocatorDep
from lintel.api._models import (
    MAX_ID,
    NoNul,
    PatchModel,
    PathId,
    RequestModel,
    ResponseModel,
    RowId,
    Text,
    left_out,
)

__all__ = [
    "MAX_ID",
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
]
