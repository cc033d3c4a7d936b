from functools import partial
from typing import Annotated

from fastapi import Path, Query

from app.api.callers import AccountRead, ProfileRead, ProfileWrite, UsersRead
from app.api.deps import ProfileServiceDep, UserServiceDep
from app.core.exceptions import UserNotFound
from app.schemas.profiles import ProfileQuery, ProfileReplace, UserProfile, UserSettings, UserSettingsUpdate
from app.schemas.users import UserRead
from lintel.api import CursorPage, LocatorDep, Page, PagerDep, PathId, ReadingDep
from lintel.errors import problems
from lintel.routing import Router

router = Router(prefix="/users", tags=["users"])

UsernameInPath = Annotated[str, Path(max_length=50, pattern=r"^[A-Za-z0-9_-]+$", description="In any case.")]


@router.get("/me/settings", summary="Read your settings")
async def read_settings(me: ProfileRead, profiles: ProfileServiceDep) -> UserSettings:
    """Read how you want things."""
    return await profiles.get_settings(me)


@router.patch("/me/settings", summary="Change your settings", responses=problems(UserNotFound))
async def update_settings(changes: UserSettingsUpdate, me: ProfileWrite, profiles: ProfileServiceDep) -> UserSettings:
    """Change how you want things. Fields that you leave out stay as they are."""
    return await profiles.update_settings(me, changes)


@router.get("/with-profiles", summary="List users with their profiles")
async def list_profiles(
    query: Annotated[ProfileQuery, Query()],
    _: UsersRead,
    profiles: ProfileServiceDep,
    pager: PagerDep,
    locate: LocatorDep,
) -> Page[UserProfile] | CursorPage[UserProfile]:
    """List active accounts with what they say of themselves; for administrators and moderators."""
    return await pager.answer(query, partial(profiles.list_profiles, reachable=locate.reachable))


@router.get("/by-username/{username}", summary="Read a user by username", responses=problems(UserNotFound))
async def read_user_by_username(
    username: UsernameInPath, me: AccountRead, users: UserServiceDep, reading: ReadingDep
) -> UserRead:
    """Read an account: your own, or anybody's if you are an administrator or moderator."""
    return reading.of(await users.get_user_by_username(me, username))


@router.get("/{user_id:number}/profile", summary="Read a profile", responses=problems(UserNotFound))
async def read_profile(
    user_id: PathId, me: AccountRead, profiles: ProfileServiceDep, locate: LocatorDep
) -> UserProfile:
    """Read a profile: your own, or anybody's if you are an administrator or moderator."""
    profile = await profiles.get_profile(me, user_id)
    return profile.model_copy(update={"avatar_url": locate.reachable(profile.avatar_url)})


@router.put("/{user_id:number}/profile", summary="Replace your profile", responses=problems(UserNotFound))
async def replace_profile(
    user_id: PathId, new: ProfileReplace, me: ProfileWrite, profiles: ProfileServiceDep, locate: LocatorDep
) -> UserProfile:
    """Replace your own profile. What you leave out is empty afterwards."""
    profile = await profiles.replace_profile(me, user_id, new)
    return profile.model_copy(update={"avatar_url": locate.reachable(profile.avatar_url)})
