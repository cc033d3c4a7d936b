"""Pictures that people show of themselves."""

import secrets
from collections.abc import Callable
from datetime import timedelta

import structlog
from anyio import BrokenWorkerProcess, fail_after

from app.core.exceptions import AvatarNotFound, PictureRefused, UserNotFound
from app.engines.image.portraits import MEDIA_TYPE, SUFFIX, PictureUnreadable, portrait
from app.repositories.profiles import ProfileReader, ProfileRepository
from app.repositories.users import UserRepository
from app.schemas.avatars import AvatarRead
from lintel.db import Database, Session, utc_now
from lintel.errors import Unavailable
from lintel.files import JPEG, PNG, WEBP, IncomingFile, received
from lintel.jobs import Children
from lintel.security import Principal
from lintel.storage import Storage, StorageUnavailable

KINDS = (PNG, JPEG, WEBP)
FOLDER = "avatars"
FILENAME = f"avatar.{SUFFIX}"
LINK_LIFE = timedelta(hours=1)
SECONDS = 10.0
"""That one picture may take; nobody waits longer than twice that."""
STRAYS_AFTER = timedelta(days=1)
"""No upload takes so long: what nobody's profile names by then was left by a process that died."""

_log = structlog.get_logger("app.avatars")


class AvatarService:
    """Keeps one small picture for each user.

    Args:
        database: Holds the keys.
        storage: Holds the pictures.
        children: Read what was sent: a reader that breaks breaks alone.
        max_bytes: The largest file that is taken.
        make: Makes the small picture; a function of a module, since it is called in another process.
    """

    def __init__(
        self,
        database: Database,
        storage: Storage,
        children: Children,
        *,
        max_bytes: int,
        make: Callable[[bytes], bytes] = portrait,
    ) -> None:
        self._database = database
        self._reader = ProfileReader(database)
        self._storage = storage
        self._children = children
        self._max_bytes = max_bytes
        self._make = make

    async def replace_avatar(self, principal: Principal, file: IncomingFile) -> AvatarRead:
        """The principal's picture, made of a file. The one before it is deleted.

        Raises:
            FileTooLarge: It has too many bytes.
            FileTypeRefused: It is neither PNG nor JPEG nor WebP, or another one than its sender says.
            FileEmpty: There is nothing in it.
            DigestMismatch: It is not what its sender's digest says.
            PictureRefused: It cannot be read, or has too many pixels.
            UserNotFound: They have just left.
            Unavailable: Too many pictures wait, or the storage does not answer.
        """
        async with received(file, kinds=KINDS, max_bytes=self._max_bytes) as sent:
            made = await self._made(await sent.read())
        key = f"{FOLDER}/{principal.id}/{secrets.token_hex(16)}.{SUFFIX}"
        await self._storage.put(key, made, content_type=MEDIA_TYPE, create_only=True)
        try:
            before = await self._swap(principal, key)
        except BaseException:
            await self._delete(key)
            raise
        await self._delete(before)
        _log.info("avatar replaced", user_id=principal.id, bytes=len(made))
        return await self._read(key)

    async def get_avatar(self, principal: Principal) -> AvatarRead:
        """Where the principal's picture can be seen for a while.

        Raises:
            AvatarNotFound: They have none.
        """
        profile = (await self._reader.of_users([principal.id])).get(principal.id, {})
        if profile.get("avatar_key") is None:
            raise AvatarNotFound
        return await self._read(profile["avatar_key"])

    async def delete_avatar(self, principal: Principal) -> None:
        """The principal has no picture any more.

        Raises:
            AvatarNotFound: They have none.
        """
        before = await self._swap(principal, None)
        if before is None:
            raise AvatarNotFound
        await self._delete(before)

    async def url_of(self, key: str | None) -> str | None:
        """Where a picture can be seen for a while; None where there is none."""
        if key is None:
            return None
        return await self._storage.signed_url(
            key, expires_in=LINK_LIFE, filename=FILENAME, content_type=MEDIA_TYPE, disposition="inline"
        )

    async def delete_strays(self) -> int:
        """Delete pictures that nobody's profile names; how many there were."""
        deleted, after, before = 0, None, utc_now() - STRAYS_AFTER
        while True:
            page = await self._storage.list_files(FOLDER, after=after)
            old = [file.key for file in page.files if file.modified_at < before]
            named = await self._reader.avatar_keys_among(old)
            for key in set(old) - named:
                await self._storage.delete(key)
                deleted += 1
            if page.after is None:
                return deleted
            after = page.after

    async def _made(self, content: bytes) -> bytes:
        try:
            with fail_after(2 * SECONDS):
                return await self._children.run(self._make, content, timeout=SECONDS)
        except (PictureUnreadable, BrokenWorkerProcess):
            raise PictureRefused from None
        except TimeoutError:
            raise Unavailable("Too many pictures are worked on at present.", retry_after=10) from None

    async def _swap(self, principal: Principal, key: str | None) -> str | None:
        """Name another picture in the profile, or none; the one that was named before."""

        async def work(session: Session) -> str | None:
            if await UserRepository(session).get(principal.id, for_update=True) is None:
                raise UserNotFound
            profiles = ProfileRepository(session)
            before = await profiles.avatar_key(principal.id)
            if before != key:
                await profiles.change(principal.id, {"avatar_key": key})
            return before

        return await self._database.run(work)

    async def _read(self, key: str) -> AvatarRead:
        url = await self.url_of(key)
        assert url is not None  # noqa: S101 - there is a key
        return AvatarRead(url=url, url_expires_at=utc_now() + LINK_LIFE)

    async def _delete(self, key: str | None) -> None:
        try:
            if key is not None:
                await self._storage.delete(key)
        except StorageUnavailable:
            # Nobody has a link to it, and the sweep takes it.
            _log.warning("a picture that nobody uses was not deleted")
