"""Profiles without HTTP."""

import pytest

from app.core.exceptions import UserNotFound
from app.schemas.profiles import UserSettingsUpdate
from app.services.container import Services
from tests.app.conftest import add_user, principal_of

pytestmark = pytest.mark.anyio


async def test_who_has_left_has_no_settings_to_change(services: Services) -> None:
    principal = principal_of(await add_user(services))
    await services.users.delete_user(principal.id)
    with pytest.raises(UserNotFound):
        await services.profiles.update_settings(principal, UserSettingsUpdate(language="de"))
