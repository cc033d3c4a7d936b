"""Profiles in the database."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, select

from app.models import Profile
from app.repositories.batched import batched
from lintel.db import Database, Repository

_profiles = Profile.__table__.c
_PUBLIC = (
    _profiles.user_id,
    _profiles.bio,
    _profiles.birth_date,
    _profiles.address,
    _profiles.preferences,
    _profiles.avatar_key,
)
_SETTINGS = (
    _profiles.language,
    _profiles.timezone,
    _profiles.email_notifications,
    _profiles.default_video_quality,
)
_OF_USERS = select(*_PUBLIC).where(_profiles.user_id.in_(bindparam("user_ids", expanding=True)))
_AVATAR = select(_profiles.avatar_key).where(_profiles.user_id == bindparam("user_id"))
_AVATARS_AMONG = select(_profiles.avatar_key).where(_profiles.avatar_key.in_(bindparam("keys", expanding=True)))
_SETTINGS_OF = select(*_SETTINGS).where(_profiles.user_id == bindparam("user_id"))


class ProfileReader:
    """Reads profiles, outside of any transaction. Who has none has the defaults."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_users(self, user_ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """The profiles of up to a page of users, by user."""
        rows = await self._database.fetch_all(_OF_USERS, {"user_ids": list(user_ids)})
        return {row.pop("user_id"): row for row in rows}

    async def avatar_keys_among(self, keys: Collection[str]) -> set[str]:
        """Those of these keys that profiles name; of any number, in as many statements as that takes."""
        named: set[str] = set()
        for some in batched(keys):
            rows = await self._database.fetch_all(_AVATARS_AMONG, {"keys": some}, current=True)
            named |= {row["avatar_key"] for row in rows}
        return named

    async def settings_of(self, user_id: int) -> dict[str, Any]:
        """The settings of a user."""
        return await self._database.fetch_one(_SETTINGS_OF, {"user_id": user_id}) or {}


class ProfileRepository(Repository[Profile]):
    """Writes profiles, within a unit of work."""

    model = Profile

    async def avatar_key(self, user_id: int) -> str | None:
        """Where a user's picture is, if they have one."""
        return (await self.session.execute(_AVATAR, {"user_id": user_id})).scalar_one_or_none()

    async def change(self, user_id: int, changes: dict[str, Any]) -> Profile:
        """Change columns of a user's profile, which is made if there is none. The user's row is locked already."""
        profile = await self.session.get(Profile, user_id)
        if profile is None:
            return await self.add(Profile(user_id=user_id, **changes))
        return await self.update(profile, changes)
