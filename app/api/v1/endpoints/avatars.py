from typing import Annotated

from fastapi import File, UploadFile

from app.api.callers import ProfileRead, ProfileWrite
from app.api.deps import AvatarServiceDep
from app.core.exceptions import AvatarNotFound, PictureRefused, UserNotFound
from app.schemas.avatars import AvatarRead
from lintel.api import LocatorDep
from lintel.errors import problems
from lintel.files import FileEmpty, FileTypeRefused, incoming
from lintel.routing import Router
from lintel.storage import FileTooLarge

router = Router(prefix="/users/me/avatar", tags=["users"])

Picture = Annotated[UploadFile, File(description="PNG, JPEG or WebP.")]


@router.get("", summary="Read your picture", responses=problems(AvatarNotFound))
async def read_avatar(me: ProfileRead, avatars: AvatarServiceDep, locate: LocatorDep) -> AvatarRead:
    """Read where your picture can be seen, for an hour."""
    avatar = await avatars.get_avatar(me)
    return avatar.model_copy(update={"url": locate.reachable(avatar.url)})


@router.put(
    "",
    summary="Replace your picture",
    responses=problems(FileTooLarge, FileTypeRefused, FileEmpty, PictureRefused, UserNotFound),
)
async def replace_avatar(file: Picture, me: ProfileWrite, avatars: AvatarServiceDep, locate: LocatorDep) -> AvatarRead:
    """Send a picture. It is made small, and whatever else is in the file (place, camera) is left out."""
    avatar = await avatars.replace_avatar(me, incoming(file))
    return avatar.model_copy(update={"url": locate.reachable(avatar.url)})


@router.delete("", status_code=204, summary="Delete your picture", responses=problems(AvatarNotFound))
async def delete_avatar(me: ProfileWrite, avatars: AvatarServiceDep) -> None:
    """Have no picture any more. Links to it stop working."""
    await avatars.delete_avatar(me)
