"""What `obstore` and the network say, in the words of the port."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog

from lintel.storage._port import FileMissing, KeyTaken, StorageUnavailable

_log = structlog.get_logger("lintel.storage")


@contextmanager
def s3_faults() -> Iterator[None]:
    """Raise the port's errors for those of a bucket.

    Only their kind is logged: a text of theirs holds addresses and what the server wrote.
    """
    from obstore.exceptions import AlreadyExistsError, BaseError  # noqa: PLC0415 - an optional extra

    try:
        yield
    except FileNotFoundError:
        raise FileMissing from None
    except AlreadyExistsError:
        raise KeyTaken from None
    except (BaseError, TimeoutError, OSError) as error:
        _log.error("storage failed", reason=type(error).__name__)
        raise StorageUnavailable from None


@asynccontextmanager
async def within(seconds: float) -> AsyncIterator[None]:
    """A deadline for everything in the block, tries and pauses between them included."""
    async with asyncio.timeout(seconds):
        yield
