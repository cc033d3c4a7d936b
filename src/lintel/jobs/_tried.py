"""Where faults of upkeep end: a worker goes on, and tries again."""

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from lintel.errors import Unavailable

T = TypeVar("T")

_log = structlog.get_logger("lintel.jobs")


async def tried(what: str, work: Awaitable[T]) -> T | None:
    """The result of something that is done again if it fails; None if it did.

    Args:
        what: Said in the log.
        work: Must not return None itself.
    """
    try:
        return await work
    except (Unavailable, TimeoutError):  # a database that is away comes back
        _log.warning(what, reason="unavailable")
    except Exception:  # noqa: BLE001 - a fault of ours must not end the worker
        _log.error(what, reason="error", exc_info=True)
    return None
