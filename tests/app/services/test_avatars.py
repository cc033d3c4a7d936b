"""Pictures of users, without HTTP."""

import os
import time
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.core.exceptions import PictureRefused, UserNotFound
from app.services.avatars import AvatarService
from app.services.container import Services
from lintel.files import IncomingFile
from lintel.jobs import Children
from lintel.security import Principal
from tests.app.conftest import add_user, principal_of
from tests.app.crashing import crash

pytestmark = pytest.mark.anyio


def picture() -> IncomingFile:
    made = BytesIO()
    Image.new("RGB", (8, 8)).save(made, "PNG")

    async def chunks() -> AsyncIterator[bytes]:
        yield made.getvalue()

    return IncomingFile(chunks())


def files(tmp_path: Path) -> list[Path]:
    return [*(tmp_path / "data").rglob("*.webp")]


def avatars(services: Services, **values: Any) -> AvatarService:
    return AvatarService(services.database, services.storage, Children(1), max_bytes=100_000, **values)


class TestReplace:
    async def test_refuses_a_picture_that_ends_its_reader(self, services: Services, tmp_path: Path) -> None:
        ada = principal_of(await add_user(services))
        with pytest.raises(PictureRefused):
            await avatars(services, make=crash).replace_avatar(ada, picture())
        assert files(tmp_path) == []

    async def test_leaves_no_file_when_the_user_has_just_left(self, services: Services, tmp_path: Path) -> None:
        ada = principal_of(await add_user(services))
        await services.users.delete_user(ada.id)
        with pytest.raises(UserNotFound):
            await avatars(services, make=bytes).replace_avatar(ada, picture())
        assert files(tmp_path) == []


class TestStrays:
    async def test_are_deleted_when_they_are_old_and_nobodys(self, services: Services, tmp_path: Path) -> None:
        ada = principal_of(await add_user(services))
        service = avatars(services, make=bytes)
        await service.replace_avatar(ada, picture())
        for key in ("avatars/1/old.webp", "avatars/1/new.webp"):
            await services.storage.put(key, b"x", content_type="image/webp")
        two_days_ago = time.time() - 2 * 86_400
        for path in files(tmp_path):
            if path.name != "new.webp":
                os.utime(path, (two_days_ago, two_days_ago))
        assert await service.delete_strays() == 1
        assert "old.webp" not in {path.name for path in files(tmp_path)}
        assert len(files(tmp_path)) == 2
        assert (await service.get_avatar(Principal(ada.id))).url
