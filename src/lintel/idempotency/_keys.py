"""The keys that came, and what was answered to them."""

import asyncio
import hashlib
import hmac
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase

from lintel.db import Database, Session, Work, utc_now
from lintel.errors import ServiceError
from lintel.idempotency._answer import Answer, AnsweredBefore
from lintel.idempotency._errors import KeyInUse, KeyReused
from lintel.idempotency._statements import TRY_LOCK, Statements

ResultT = TypeVar("ResultT")

SWEPT_AT_ONCE = 1_000
"""Rows deleted in one transaction."""
SWEEP_SECONDS = 600.0

_log = structlog.get_logger("lintel.idempotency")


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request that came with a key.

    Attributes:
        principal_id: Who sent it.
        key: The key.
        operation: What is asked for: a stable name.
        content: Everything that tells it from another request for the same operation: parameters and body.
    """

    principal_id: int
    key: str
    operation: str
    content: bytes


class IdempotencyKeys:
    """Does what a request asks for once, however often it comes.

    The row of a key is written in the transaction of the effect, with the answer in it: either all of them are there or
    none is, whenever a process dies. While the first request is worked on, others with its key are refused, on
    PostgreSQL by a lock. On SQLite other processes wait for the one writer instead, and then find the answer.

    Args:
        database: Where the effects are committed.
        model: The service's table, with `IdempotencyKeyMixin`.
        secret: Makes fingerprints that others cannot compute.
        lifetime: How long an answer is kept.
    """

    def __init__(
        self,
        database: Database,
        model: type[DeclarativeBase],
        *,
        secret: str,
        lifetime: timedelta = timedelta(hours=24),
    ) -> None:
        self._database = database
        self._lifetime = lifetime
        self._secret = hashlib.sha256(b"lintel.idempotency\0" + secret.encode()).digest()
        self._is_postgresql = database.writer.dialect.name == "postgresql"
        self._statements = Statements(model, database.writer.dialect.name)
        self._in_flight: set[tuple[int, str]] = set()

    async def run(self, request: KeyedRequest, work: Work[ResultT], answer: Callable[[ResultT], Answer]) -> ResultT:
        """Run a unit of work, with the answer kept in its transaction.

        Args:
            request: What was asked for.
            work: The unit of work, as for `Database.run`. What it raises leaves the key unused.
            answer: Makes the answer of what the unit returns. Called within the transaction, once for each try of it.

        Raises:
            AnsweredBefore: It was done before; nothing was done now.
            KeyInUse: The first request is still being worked on.
            KeyReused: The key came before with another request.
            Unavailable: The database does not answer.
        """
        name = (request.principal_id, hashlib.sha256(request.key.encode()).hexdigest())
        if name in self._in_flight:
            raise KeyInUse

        async def unit(session: Session) -> ResultT:
            await self._reserve(session, name, request)
            result = await work(session)
            await self._complete(session, name, answer(result))
            return result

        self._in_flight.add(name)
        try:
            return await self._database.run(unit)
        finally:
            self._in_flight.discard(name)

    async def _reserve(self, session: Session, name: tuple[int, str], request: KeyedRequest) -> None:
        if self._is_postgresql and not (await session.execute(TRY_LOCK, {"lock": _lock_number(name)})).scalar_one():
            raise KeyInUse
        now = utc_now()
        fingerprint = self._fingerprint(request)
        row: Mapping[str, Any] = {
            "principal_id": name[0],
            "key_hash": name[1],
            "operation": request.operation,
            "fingerprint": fingerprint,
            "status": None,
            "headers": None,
            "body": None,
            "created_at": now,
            "expires_at": now + self._lifetime,
        }
        reserved = await session.execute(self._statements.reserve, {**row, "now_": now})
        if reserved.first() is None:
            await self._refuse(session, name, fingerprint)

    async def _refuse(self, session: Session, name: tuple[int, str], fingerprint: str) -> None:
        found = (await session.execute(self._statements.find, _named(name))).one()
        if not hmac.compare_digest(found.fingerprint, fingerprint):
            raise KeyReused
        raise AnsweredBefore(Answer.unpacked(found.status, found.headers, found.body))

    async def _complete(self, session: Session, name: tuple[int, str], answer: Answer) -> None:
        values = {"status": answer.status, "headers": dict(answer.headers), "body": answer.packed()}
        await session.flush()  # what the unit has not, so that a fault of it is not a fault of ours
        await session.execute(self._statements.complete.values(**values), _named(name))

    def _fingerprint(self, request: KeyedRequest) -> str:
        made = hmac.new(self._secret, request.operation.encode() + b"\0", hashlib.sha256)
        made.update(request.content)
        return made.hexdigest()

    async def sweep(self) -> int:
        """Delete the keys that have expired; how many there were."""

        async def work(session: Session) -> int:
            parameters = {"now_": utc_now(), "limit_": SWEPT_AT_ONCE}
            deleted: Any = await session.execute(self._statements.delete_expired, parameters)
            return int(deleted.rowcount)

        total = count = await self._database.run(work)
        while count == SWEPT_AT_ONCE:
            count = await self._database.run(work)
            total += count
        return total

    @asynccontextmanager
    async def swept(self) -> AsyncIterator[None]:
        """Sweep now and then in the background, for a service's lifespan. Several processes do no harm."""
        task = asyncio.create_task(self._keep_sweeping())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - only spreads the work
            try:
                _log.debug("idempotency keys swept", count=await self.sweep())
            except (ServiceError, SQLAlchemyError) as error:  # the next time may be better
                _log.warning("idempotency keys not swept", error=type(error).__name__)


def _named(name: tuple[int, str]) -> dict[str, Any]:
    return {"principal_id_": name[0], "key_hash_": name[1]}


def _lock_number(name: tuple[int, str]) -> int:
    """64 bits of the name. Two keys that share a number at the same moment: one is told to try again."""
    digest = hashlib.sha256(f"lintel.idempotency:{name[0]}:{name[1]}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
