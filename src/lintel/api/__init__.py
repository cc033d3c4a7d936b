"""Bodies, lists and locations as every resource has them."""

from lintel.api._bulk import (
    IN_QUERY,
    MAX_BULK,
    AtomicDep,
    BulkAnswer,
    BulkChange,
    BulkDeleted,
    BulkIdsDep,
    BulkItem,
    BulkResult,
    BulkUpdate,
    Each,
    settled,
)
from lintel.api._bulk_problems import ItemProblem, ItemsRefused
from lintel.api._client import ClientDep
from lintel.api._conditional import ChangeDep, ReadingDep, ReplaceDep, etag_of, install_not_modified
from lintel.api._conditional_openapi import declare_conditional_requests
from lintel.api._cursors import Cursors, InvalidCursor, Position
from lintel.api._email import EmailAddress, normalized_email
from lintel.api._fields import fields_of, read_sparse
from lintel.api._idempotency import Idempotency, IdempotencyKeyHeader, install_replays
from lintel.api._idempotency_openapi import declare_idempotency
from lintel.api._json_objects import JsonObject
from lintel.api._lists import CursorLinks, CursorPage, CursorQuery, Found, Links, ListQuery, Page, SortOrder
from lintel.api._lists_openapi import declare_lists
from lintel.api._locations import Locator, LocatorDep, accepted
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
from lintel.api._pager import Pager, PagerDep
from lintel.api._text import NoNul, Text, composed
from lintel.api._values import Day, Exact, Instant

__all__ = [
    "IN_QUERY",
    "MAX_BULK",
    "MAX_ID",
    "AtomicDep",
    "BulkAnswer",
    "BulkChange",
    "BulkDeleted",
    "BulkIdsDep",
    "BulkItem",
    "BulkResult",
    "BulkUpdate",
    "ChangeDep",
    "ClientDep",
    "CursorLinks",
    "CursorPage",
    "CursorQuery",
    "Cursors",
    "Day",
    "Each",
    "EmailAddress",
    "Exact",
    "FormModel",
    "Found",
    "Idempotency",
    "IdempotencyKeyHeader",
    "Instant",
    "InvalidCursor",
    "ItemProblem",
    "ItemsRefused",
    "JsonObject",
    "Links",
    "ListQuery",
    "Locator",
    "LocatorDep",
    "NoNul",
    "Page",
    "Pager",
    "PagerDep",
    "PatchModel",
    "PathId",
    "Position",
    "ReadingDep",
    "ReplaceDep",
    "RequestModel",
    "ResponseModel",
    "RowId",
    "SortOrder",
    "Text",
    "accepted",
    "composed",
    "declare_conditional_requests",
    "declare_idempotency",
    "declare_lists",
    "etag_of",
    "fields_of",
    "install_not_modified",
    "install_replays",
    "left_out",
    "normalized_email",
    "read_sparse",
    "settled",
]
