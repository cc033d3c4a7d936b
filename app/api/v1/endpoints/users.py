from functools import partial
from typing import Annotated

from fastapi import Query

from app.api.callers import AccountRead, ProfileRead, ProfileWrite, SignedIn, UsersManage, UsersRead
from app.api.deps import BulkUserServiceDep, IdempotencyDep, UserServiceDep
from app.core.exceptions import LastAdmin, OwnEmail, UserNotFound
from app.schemas.users import (
    UserCreate,
    UserQuery,
    UserRead,
    UserReplace,
    UserReplaceMe,
    UsersCreate,
    UserSearchQuery,
    UsersUpdate,
    UserUpdate,
    UserUpdateMe,
)
from lintel.api import (
    AtomicDep,
    BulkAnswer,
    BulkDeleted,
    BulkIdsDep,
    ChangeDep,
    CursorPage,
    ItemsRefused,
    LocatorDep,
    Page,
    PagerDep,
    PathId,
    ReadingDep,
    ReplaceDep,
)
from lintel.errors import AlreadyExists, problems
from lintel.routing import Router

router = Router(prefix="/users", tags=["users"])

CHANGING = problems(UserNotFound, AlreadyExists, LastAdmin, OwnEmail)


@router.get("/me", summary="Read your account", responses=problems(UserNotFound))
async def read_me(me: ProfileRead, users: UserServiceDep, reading: ReadingDep) -> UserRead:
    """Read your own account."""
    return reading.of(await users.get_user(me, me.id))


@router.put("/me", summary="Replace your account", responses=problems(UserNotFound, AlreadyExists))
async def replace_me(new: UserReplaceMe, me: ProfileWrite, users: UserServiceDep, change: ReplaceDep) -> UserRead:
    """Set all of your own account that you can set."""
    return change.to(await users.update_user(me.id, new, by=me, expected=change.expected))


@router.patch("/me", summary="Change your account", responses=problems(UserNotFound, AlreadyExists))
async def update_me(changes: UserUpdateMe, me: ProfileWrite, users: UserServiceDep, change: ChangeDep) -> UserRead:
    """Change your own account. Fields that you leave out stay as they are."""
    return change.to(await users.update_user(me.id, changes, by=me, expected=change.expected))


@router.delete("/me", status_code=204, summary="Delete your account", responses=problems(UserNotFound, LastAdmin))
async def delete_me(me: SignedIn, users: UserServiceDep) -> None:
    """Delete your own account. Its tokens stop working at once."""
    await users.delete_user(me.id, by=me)


@router.get("", summary="List users")
async def list_users(
    query: Annotated[UserQuery, Query()], me: UsersRead, users: UserServiceDep, pager: PagerDep
) -> Page[UserRead] | CursorPage[UserRead]:
    """List accounts page by page; for administrators and moderators."""
    return await pager.answer(query, partial(users.list_users, me))


@router.get("/search", summary="Search for users")
async def search_users(
    query: Annotated[UserSearchQuery, Query()], _: UsersRead, users: UserServiceDep, pager: PagerDep
) -> Page[UserRead] | CursorPage[UserRead]:
    """List active accounts with a text in their address or name; for administrators and moderators."""
    return await pager.answer(query, users.search_users)


@router.post("", status_code=201, summary="Create a user", responses=problems(AlreadyExists))
async def create_user(
    new: UserCreate, me: UsersManage, users: UserServiceDep, locate: LocatorDep, idempotency: IdempotencyDep
) -> UserRead:
    """Make an account for somebody, with any role; for administrators. A mail tells them, without the password."""
    return await users.create_user(
        new,
        once=idempotency.answering(lambda made: locate.created("read_user", made, user_id=made.id)),
        by_mail=True,
        by=me,
    )


@router.post("/bulk", status_code=207, summary="Create several users", responses=problems(ItemsRefused))
async def create_users(
    new: UsersCreate, me: UsersManage, users: BulkUserServiceDep, idempotency: IdempotencyDep, atomic: AtomicDep
) -> BulkAnswer[UserRead]:
    """Make up to 20 accounts, each with an answer of its own; for administrators. Mails tell those who have one now."""
    return await users.create_users(new.items, by=me, atomic=atomic, once=idempotency.answering())


@router.patch("/bulk", status_code=207, summary="Change several users", responses=problems(ItemsRefused))
async def update_users(
    new: UsersUpdate, me: UsersManage, users: BulkUserServiceDep, atomic: AtomicDep
) -> BulkAnswer[UserRead]:
    """Change up to 100 accounts one after another, each with an answer of its own; for administrators."""
    return await users.update_users(new.items, by=me, atomic=atomic)


@router.delete("/bulk", status_code=207, summary="Delete several users", responses=problems(ItemsRefused))
async def delete_users(me: UsersManage, users: BulkUserServiceDep, ids: BulkIdsDep, atomic: AtomicDep) -> BulkDeleted:
    """Delete up to 100 accounts, each with an answer of its own; for administrators. Their tokens stop working."""
    return await users.delete_users(ids, by=me, atomic=atomic)


@router.get("/{user_id:number}", summary="Read a user", responses=problems(UserNotFound))
async def read_user(user_id: PathId, principal: AccountRead, users: UserServiceDep, reading: ReadingDep) -> UserRead:
    """Read an account: your own, or anybody's if you are an administrator or moderator."""
    return reading.of(await users.get_user(principal, user_id))


@router.put(
    "/{user_id:number}", summary="Replace a user", responses=problems(UserNotFound, AlreadyExists, LastAdmin, OwnEmail)
)
async def replace_user(
    user_id: PathId,
    new: UserReplace,
    me: UsersManage,
    users: UserServiceDep,
    change: ReplaceDep,
) -> UserRead:
    """Set all of an account that administrators can set."""
    return change.to(await users.update_user(user_id, new, by=me, expected=change.expected))


@router.patch(
    "/{user_id:number}", summary="Change a user", responses=problems(UserNotFound, AlreadyExists, LastAdmin, OwnEmail)
)
async def update_user(
    user_id: PathId,
    changes: UserUpdate,
    me: UsersManage,
    users: UserServiceDep,
    change: ChangeDep,
) -> UserRead:
    """Change an account, its role and its status; for administrators. Fields that you leave out stay as they are."""
    return change.to(await users.update_user(user_id, changes, by=me, expected=change.expected))


@router.delete(
    "/{user_id:number}", status_code=204, summary="Delete a user", responses=problems(UserNotFound, LastAdmin)
)
async def delete_user(user_id: PathId, me: UsersManage, users: UserServiceDep, change: ChangeDep) -> None:
    """Delete an account; for administrators. Its tokens stop working at once."""
    await users.delete_user(user_id, by=me, expected=change.expected)
