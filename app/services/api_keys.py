"""API keys: made, shown and revoked by who is signed in; shown again by their programs."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from app.core.audit import AuditAction, TargetKind
from app.core.enums import UserStatus
from app.core.exceptions import ApiKeyNotFound, InactiveUser, TooManyApiKeys
from app.core.permissions import ROLE_PERMISSIONS
from app.jobs import SendMail
from app.models import ApiKey, User
from app.repositories.api_keys import ApiKeyReader, ApiKeyRepository
from app.repositories.audit import AuditRepository
from app.repositories.sessions import SessionRepository
from app.repositories.users import UserRepository
from app.schemas.api_keys import ApiKeyCreate, ApiKeyCreated, ApiKeyQuery, ApiKeyRead
from lintel.api import Found
from lintel.context import add_to_log
from lintel.db import Database, Session, utc_now
from lintel.errors import FieldError, InvalidInput, Unauthenticated, Unavailable
from lintel.jobs import JobQueue
from lintel.security import ApiKeys, InvalidToken, Principal

API_KEY_MADE = "api_key_made"
"""A mail: its template."""
NOTED_EVERY = timedelta(minutes=1)
"""A key's last use is written no more often."""
MAX_KNOWN = 10_000
"""Of so many keys a process remembers whose they are; a megabyte or two."""

_log = structlog.get_logger("app.api_keys")


@dataclass(frozen=True, slots=True)
class KeyInUse:
    """A request that came with a key.

    Attributes:
        principal: Whose key it is; they may do what the key is for and they may do themselves.
        key_id: Which key.
        is_news: Whether its last use was noted too long ago.
    """

    principal: Principal
    key_id: int
    is_news: bool


class ApiKeyService:
    """Everything about keys."""

    def __init__(self, database: Database, queue: JobQueue, *, most: int) -> None:
        self._database = database
        self._queue = queue
        self._reader = ApiKeyReader(database)
        self._keys = ApiKeys()
        self._most = most
        # By hash, the eldest first. Nobody is let in by it: it tells whose share a request is counted to.
        self._holders: dict[str, int] = {}

    async def authenticate(self, text: str) -> KeyInUse:
        """Whose key it is, as they are now. One statement.

        Raises:
            Unauthenticated: It is no key, revoked or expired, or its owner is gone; which of these is not told.
            InactiveUser: The owner's account cannot be used.
        """
        try:
            parts = self._keys.read(text)
        except InvalidToken:
            raise Unauthenticated from None
        found = await self._reader.standing(parts.prefix)
        if not parts.is_hashed_as(None if found is None else found["hash"]) or found is None:
            self._holders.pop(parts.hash, None)
            raise Unauthenticated
        if found["status"] is not UserStatus.ACTIVE:
            raise InactiveUser
        self._remember(parts.hash, found["user_id"])
        add_to_log(user_id=found["user_id"], api_key_id=found["id"])
        return _in_use(found)

    def holder_of(self, text: str) -> int | None:
        """Whose key it is, if it was let in by this process the last time that it came; asks nobody."""
        try:
            return self._holders.get(self._keys.read(text).hash)
        except InvalidToken:
            return None

    async def note_use(self, key_id: int) -> None:
        """Note that a key was used. It is no harm if that fails, so nothing does because of it."""

        async def work(session: Session) -> None:
            await ApiKeyRepository(session).note_use(key_id, unless_since=utc_now() - NOTED_EVERY)

        try:
            await self._database.run(work)
        except Unavailable:
            _log.warning("use of an API key not noted", api_key_id=key_id)

    async def create_key(self, principal: Principal, new: ApiKeyCreate) -> ApiKeyCreated:
        """A new key of whoever is signed in, who is told by mail, too. It cannot be shown again.

        Raises:
            InvalidInput: It would have ended already, or be for what they may not do.
            TooManyApiKeys: They have as many as there may be.
            Unauthenticated: Their session has ended.
        """
        if new.expires_at is not None and new.expires_at <= utc_now():
            raise _invalid("/body/expires_at", "must be in the future", "expires_at_past")
        text, parts = self._keys.make()

        async def work(session: Session) -> ApiKeyRead:
            keys, owner = ApiKeyRepository(session), await self._owner(session, principal)
            _check_scopes(owner, new)
            if await keys.count(principal) >= self._most:
                raise TooManyApiKeys
            await keys.forget_revoked(principal, but=self._most)
            key = ApiKey(owner_id=owner.id, prefix=parts.prefix, hash=parts.hash, **new.model_dump())
            added = ApiKeyRead.model_validate(await keys.add(key))
            await _note(session, principal, AuditAction.API_KEY_CREATED, added.id, scopes=sorted(added.scopes))
            await self._queue.enqueue(session, SendMail(user_id=owner.id, template=API_KEY_MADE))
            return added

        made = await self._database.run(work)
        _log.info("API key made", user_id=principal.id, api_key_id=made.id, scopes=sorted(made.scopes))
        return ApiKeyCreated(**made.model_dump(), key=text)

    async def list_keys(self, principal: Principal, query: ApiKeyQuery) -> Found[ApiKeyRead]:
        """One page of the principal's keys, and how many there are. Those that have expired are there, too."""
        found = await self._reader.page(principal, query)
        return Found.of(ApiKeyRead, found, query)

    async def get_key(self, principal: Principal, key_id: int) -> ApiKeyRead:
        """One of the principal's keys.

        Raises:
            ApiKeyNotFound: They have no such key (any more).
        """
        row = await self._reader.get(principal, key_id)
        if row is None:
            raise ApiKeyNotFound
        return ApiKeyRead.model_validate(row)

    async def revoke_key(self, principal: Principal, key_id: int) -> None:
        """A key that is worth nothing from now on, in every process.

        Raises:
            ApiKeyNotFound: They have no such key (any more).
        """

        async def work(session: Session) -> bool:
            revoked = await ApiKeyRepository(session).revoke(principal, key_id)
            if revoked:
                await _note(session, principal, AuditAction.API_KEY_REVOKED, key_id)
            return revoked

        if not await self._database.run(work):
            raise ApiKeyNotFound
        _log.info("API key revoked", user_id=principal.id, api_key_id=key_id)

    async def _owner(self, session: Session, principal: Principal) -> User:
        """The user, locked: their keys are counted one after the other, and none is made once they were signed out."""
        owner = await UserRepository(session).get(principal.id, for_update=True)
        if owner is None or principal.session_id is None:
            raise Unauthenticated
        signed_in = await SessionRepository(session).find(principal.session_id)
        if signed_in is None or signed_in.revoked_at is not None:
            raise Unauthenticated
        return owner

    def _remember(self, hashed: str, user_id: int) -> None:
        if hashed not in self._holders and len(self._holders) >= MAX_KNOWN:
            del self._holders[next(iter(self._holders))]
        self._holders[hashed] = user_id


async def _note(session: Session, principal: Principal, action: AuditAction, key_id: int, **detail: Any) -> None:
    target = (TargetKind.API_KEY, key_id)
    await AuditRepository(session).note(action, by=principal, user_id=principal.id, target=target, detail=detail)


def _in_use(row: dict[str, Any]) -> KeyInUse:
    permissions = ROLE_PERMISSIONS[row["role"]] & set(row["scopes"])
    last = row["last_used_at"]
    return KeyInUse(
        Principal(row["user_id"], permissions, frozenset({row["role"]}), api_key_id=row["id"]),
        key_id=row["id"],
        is_news=last is None or last < utc_now() - NOTED_EVERY,
    )


def _check_scopes(owner: User, new: ApiKeyCreate) -> None:
    errors = [
        FieldError(f"/body/scopes/{place}", "is nothing that you may do yourself", "scope_not_held")
        for place, scope in enumerate(new.scopes)
        if scope not in ROLE_PERMISSIONS[owner.role]
    ]
    if errors:
        raise InvalidInput(f"{errors[0].pointer}: {errors[0].message}", errors=errors)


def _invalid(pointer: str, message: str, code: str) -> InvalidInput:
    return InvalidInput(f"{pointer}: {message}", errors=[FieldError(pointer, message, code)])
