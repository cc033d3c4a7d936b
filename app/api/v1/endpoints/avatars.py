from typing import Annotated

from fastapi import File, UploadFile

from app.api.callers import ProfileRead, ProfileWrite
from app.api.deps import AvatarServiceDep
from app.core.exceptions import AvatarNotFound, PictureRefused, UserNotFound
from app.schemas.avatars import AvatarRead
from lintel.api import LocatorDep
from lintel.errors import problems
from lintel.files import DigestMismatch, FileEmpty, FileTypeRefused, incoming
from lintel.routing import Router
from lintel.storage import FileTooLarge

router = Router(prefix="/users", tags=["users"])

REFUSALS = problems(FileTooLarge, FileTypeRefused, FileEmpty, DigestMismatch, PictureRefused, UserNotFound)
Picture = Annotated[UploadFile, File(description="PNG, JPEG or WebP.")]


@router.get("/me/avatar", summary="Read your picture", responses=problems(AvatarNotFound))
async def read_avatar(me: ProfileRead, avatars: AvatarServiceDep, locate: LocatorDep) -> AvatarRead:
    """Read where your picture can be seen, for an hour."""
    avatar = await avatars.get_avatar(me)
    return avatar.model_copy(update={"url": locate.reachable(avatar.url)})


@router.post("/upload", name="upload_avatar", summary="Replace your picture (second path)", responses=REFUSALS)
@router.put("/me/avatar", summary="Replace your picture", responses=REFUSALS)
async def replace_avatar(file: Picture, me: ProfileWrite, avatars: AvatarServiceDep, locate: LocatorDep) -> AvatarRead:
    """Send a picture. It is made small, and whatever else is in the file (place, camera) is left out.

    A `Content-Digest` in the head of its part is checked. `POST /users/upload` does the same.
    """
    avatar = await avatars.replace_avatar(me, incoming(file))
    return avatar.model_copy(update={"url": locate.reachable(avatar.url)})


@router.delete("/me/avatar", status_code=204, summary="Delete your picture", responses=problems(AvatarNotFound))
async def delete_avatar(me: ProfileWrite, avatars: AvatarServiceDep) -> None:
    """Have no picture any more. Links to it stop working."""
    await avatars.delete_avatar(me)
