from typing import Annotated

from fastapi import Query

from app.api.deps import CurrentUser, UserServiceDep, UsersManage, UsersRead
from app.core.exceptions import LastAdmin, UserNotFound
from app.schemas.users import UserCreate, UserQuery, UserRead, UserUpdate, UserUpdateMe
from lintel.api import LocatorDep, Page, PagerDep, PathId
from lintel.errors import AlreadyExists, problems
from lintel.routing import Router

router = Router(prefix="/users", tags=["users"])


@router.get("/me", summary="Read your account", responses=problems(UserNotFound))
async def read_me(me: CurrentUser, users: UserServiceDep) -> UserRead:
    """Read your own account."""
    return await users.get_user(me, me.id)


@router.patch("/me", summary="Change your account", responses=problems(UserNotFound))
async def update_me(changes: UserUpdateMe, me: CurrentUser, users: UserServiceDep) -> UserRead:
    """Change your own account. Fields that you leave out stay as they are."""
    return await users.update_user(me.id, changes)


@router.delete("/me", status_code=204, summary="Delete your account", responses=problems(UserNotFound, LastAdmin))
async def delete_me(me: CurrentUser, users: UserServiceDep) -> None:
    """Delete your own account. Its tokens stop working at once."""
    await users.delete_user(me.id)


@router.get("", summary="List users")
async def list_users(
    query: Annotated[UserQuery, Query()], _: UsersRead, users: UserServiceDep, pager: PagerDep
) -> Page[UserRead]:
    """List accounts page by page; for administrators and moderators."""
    return pager.page(await users.list_users(query), query=query)


@router.post("", status_code=201, summary="Create a user", responses=problems(AlreadyExists))
async def create_user(new: UserCreate, _: UsersManage, users: UserServiceDep, locate: LocatorDep) -> UserRead:
    """Make an account for somebody, with any role; for administrators."""
    user = await users.create_user(new)
    return locate.created("read_user", user, user_id=user.id)


@router.get("/{user_id}", summary="Read a user", responses=problems(UserNotFound))
async def read_user(user_id: PathId, principal: CurrentUser, users: UserServiceDep) -> UserRead:
    """Read an account: your own, or anybody's if you are an administrator or moderator."""
    return await users.get_user(principal, user_id)


@router.patch("/{user_id}", summary="Change a user", responses=problems(UserNotFound, AlreadyExists, LastAdmin))
async def update_user(user_id: PathId, changes: UserUpdate, _: UsersManage, users: UserServiceDep) -> UserRead:
    """Change an account, its role and its status; for administrators. Fields that you leave out stay as they are."""
    return await users.update_user(user_id, changes)


@router.delete("/{user_id}", status_code=204, summary="Delete a user", responses=problems(UserNotFound, LastAdmin))
async def delete_user(user_id: PathId, _: UsersManage, users: UserServiceDep) -> None:
    """Delete an account; for administrators. Its tokens stop working at once."""
    await users.delete_user(user_id)
