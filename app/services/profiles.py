"""What people say of themselves, and how they want things."""

from collections.abc import Callable, Mapping
from typing import Any

from app.core.exceptions import UserNotFound
from app.models import Profile
from app.repositories.profiles import ProfileReader, ProfileRepository
from app.repositories.users import UserReader, UserRepository
from app.schemas.profiles import ProfileQuery, ProfileReplace, UserProfile, UserSettings, UserSettingsUpdate
from app.schemas.users import UserRead
from app.services.avatars import AvatarService
from app.services.users import UserService
from lintel.api import Found
from lintel.db import Database, Session
from lintel.security import Principal

Addressed = Callable[[str | None], str | None]


class ProfileService:
    """Reads and writes profiles and settings."""

    def __init__(self, database: Database, users: UserService, avatars: AvatarService) -> None:
        self._database = database
        self._reader = ProfileReader(database)
        self._users = users
        self._accounts = UserReader(database)
        self._avatars = avatars

    async def get_profile(self, principal: Principal, user_id: int) -> UserProfile:
        """The principal's own profile, or anybody's for who may read all users.

        Raises:
            UserNotFound: There is none, or it is not theirs to see.
        """
        user = await self._users.get_user(principal, user_id)
        profiles = await self._reader.of_users([user.id])
        return await self._whole(user, profiles.get(user.id, {}))

    async def list_profiles(self, query: ProfileQuery, *, reachable: Addressed = lambda url: url) -> Found[UserProfile]:
        """Part of the list of active users, with their profiles: two statements, however many there are.

        Args:
            query: Which part.
            reachable: Makes an address of this service one that the reader can reach.
        """
        rows = await self._accounts.page(query)
        profiles = await self._reader.of_users([row["id"] for row in rows.rows])
        users = Found.of(UserRead, rows, query)
        items = [await self._whole(user, profiles.get(user.id, {}), reachable) for user in users.items]
        return Found[UserProfile](
            items=items, total=users.total, has_next=users.has_next, before=users.before, after=users.after
        )

    async def replace_profile(self, principal: Principal, user_id: int, new: ProfileReplace) -> UserProfile:
        """The principal's profile after it was replaced.

        Raises:
            UserNotFound: It is not theirs.
        """
        if user_id != principal.id:
            raise UserNotFound
        values = new.model_dump(exclude={"age"})

        async def work(session: Session) -> tuple[UserProfile, str | None]:
            user = await _locked(session, user_id)
            profile = await ProfileRepository(session).change(user_id, values)
            return UserProfile(user=UserRead.model_validate(user), **values), profile.avatar_key

        replaced, key = await self._database.run(work)
        return replaced.model_copy(update={"avatar_url": await self._avatars.url_of(key)})

    async def _whole(
        self, user: UserRead, profile: Mapping[str, Any], reachable: Addressed = lambda url: url
    ) -> UserProfile:
        said = {name: value for name, value in profile.items() if name != "avatar_key"}
        url = reachable(await self._avatars.url_of(profile.get("avatar_key")))
        return UserProfile(user=user, avatar_url=url, **said)

    async def get_settings(self, principal: Principal) -> UserSettings:
        """How the principal wants things."""
        return UserSettings.model_validate(await self._reader.settings_of(principal.id))

    async def update_settings(self, principal: Principal, changes: UserSettingsUpdate) -> UserSettings:
        """The same, after the changes.

        Raises:
            UserNotFound: They have just left.
        """

        async def work(session: Session) -> Profile:
            await _locked(session, principal.id)
            return await ProfileRepository(session).change(principal.id, changes.changes())

        return UserSettings.model_validate(await self._database.run(work))


async def _locked(session: Session, user_id: int) -> Any:
    # So that two who make the profile at once come one after the other.
    user = await UserRepository(session).get(user_id, for_update=True)
    if user is None:
        raise UserNotFound
    return user
